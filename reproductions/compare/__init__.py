"""Then and now: finished runs over the same sentences or images, as numbers, pictures and one page.

contestants     read the folders of runs, and refuse those that cannot be compared
numbers         translators: scores, significance and every fixed sentence, as plain data
pictures        the same words on the same axes, the difference, BLEU by length, views
answers         classifiers: what each says of the same images
looks           accuracy, where each looks beside controls, and the significance of both, as plain data
look_pictures   the same images, map beside map, and all measures beside controls
report          one self-contained page, from report.html or looks.html
ladder          from 2014 to 2017, one change at a time
"""
