"""What is known of one sentence or image, as plain validated data, and its JSON line.

codec           from fields to JSON lines and back
forms           how matrices, pixels, masks and links stand in JSON
translation     AlignedTranslation, Translated
sentence        ReadSentence, SelfAttended: the same of a language model
image           AttendedImage, the twin of AlignedTranslation for images
caption         CaptionedImage: an image and a map for each word
"""

from reproductions.evaluation.records.codec import R, Record, load, save

__all__ = ["R", "Record", "load", "save"]
