"""Shapes on ground: pictures of ten classes, drawn by rule, with the exact mask of every object.

They are the truth for "it looks at the object, not at the ground", as Accord is for word alignment. A map that scores
well on them must have found the object, because nothing else reveals it:

- Ground, clutter, colour, texture, place and size do not depend on the class; only the outline does.
- No object covers the image's centre, so a map of the centre scores below chance.
- Clutter has the colours of objects and stands out as they do, so a map of contrast finds clutter.
- Objects stand out from their ground by a least contrast, so every picture can be read.
- ``without_object`` is the same picture without its object, ``on_other_ground`` the same objects on another ground.

========  ============================================================================================
split     what it is
========  ============================================================================================
train     one object
valid     one object, for choices
test      one object, for reports
two       two objects of different classes, well apart; the first is the labelled one
conflict  as train, but the ground reveals the class: a model that learns from the ground fails on test
========  ============================================================================================

``described`` scenes have captions instead of a label: one or two groups of objects, and every caption that is true of them,
each word with the objects that it describes.

``outlines`` are the classes; ``colours`` the palette; ``layout`` draws what a scene consists of, ``drawing`` its
pixels; ``scenes`` gives scenes and twins; ``grammar`` writes captions and reads them; ``contact_sheet`` draws many scenes:
``python -m data.shapes --sample 40 --out sheet.png``.
"""

from data.shapes.described import Described, Facts, described
from data.shapes.outlines import CLASSES
from data.shapes.scenes import SPLITS, Drawn, Scene, caption, on_other_ground, scene, without_object

__all__ = [
    "CLASSES", "SPLITS", "Described", "Drawn", "Facts", "Scene", "caption", "described", "on_other_ground", "scene",
    "without_object",
]  # fmt: skip
