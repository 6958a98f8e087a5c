"""The report of a run as one page, ``report.html``. No torch, so that it is written within a second.

page        everything that the folder of a run says, as HTML
examples    the sentences or images that are shown
curves      the training through its steps
settings    what was trained, how it differs from the paper, and on which machine
parts       what the tasks share

Each task says its part in a ``report.py`` of its own::

    KIND            what the examples are: "sentences" or "images"
    TOKENIZER       the vocabulary of the sentences; None for images
    COLUMNS         score -> heading and digits; % shows fractions times 100
    ANSWERS         the file of answers that a test writes for each split
    PICTURES        end of the name of an example's picture -> its caption
    READING         how to read such a picture
    learned         what the scores of a split say, in a sentence or two with their numbers
    example         an answer as an ``Example``
    chosen          how the shown view was chosen, from views.json, if there is a choice
    sections        what else was measured in a test
"""

from reproductions.tasks.report.parts import learned
