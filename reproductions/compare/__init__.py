"""Then and now: finished runs over the same sentences, as numbers, pictures and one page.

contestants   read the folders of runs, and refuse those that cannot be compared
numbers       scores, significance and every fixed sentence, as plain data
pictures      the same words on the same axes, the difference, BLEU by length, views
report        one self-contained page
"""
