"""Then and now: finished runs over the same sentences or images, as numbers and pictures.

contestants     read the folders of runs, and refuse those that cannot be compared
translators     scores, significance and every fixed sentence, as plain data
pictures        the same words on the same axes, the difference, BLEU by length, views
answers         what each classifier says of the same images
classifiers     accuracy, where each looks beside controls, and the significance of both, as plain data
look_pictures   the same images, map beside map, and all measures beside controls
"""
