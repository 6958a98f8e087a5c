"""From trained models to records, scores and pictures: a folder for each task, the only bridge between the two.

task            what a run, its report and its restoration ask of a task
gather          merge what all processes have collected
untrained       the same network before any training, as a control
translation, images, captions, language     the tasks
"""
