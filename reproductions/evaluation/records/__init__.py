"""One sentence or image and what a model did with it, as validated data, and its JSON line.

codec           from fields to JSON lines and back
forms           how matrices, pixels, masks and links stand in JSON
translation     AlignedTranslation, Translated
sentence        ReadSentence, SelfAttended: those of a language model
image           AttendedImage
caption         CaptionedImage: an image and a map for each word
"""

from reproductions.evaluation.records.codec import R, Record, load, save
