"""From trained models to records, scores and pictures: a folder for each task.

task            what a task is, and how to add one
log             the one callback that evaluates every task
gather          merge what all processes have collected
origin          which weights of a model are evaluated
untrained       the same network before any training, as a control
intervening     what a model would have written with other weights, or without a word
typed           a typed sentence as ids
report          what a report says of a run, without torch; each task adds its part
language, captions, translation, images     the tasks, the simplest first
"""
