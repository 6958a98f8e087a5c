"""The commands of ``python -m reproductions``, one file each.

A command's docstring is its help. ``options(parser)`` declares its options, and ``run(options, rest)`` does the work and
returns the exit status; ``rest`` holds the options for Lightning, of commands that hand them on. All commands are imported
to answer ``--help``, so torch, lightning and matplotlib are imported inside ``run``, once the options are checked.

train, evaluate     a model, from configuration to scores
report              the report of a run
translate, look     what a trained model makes of a sentence, or of an image
align               the word links of sentence pairs, by a trained model
figures             figures of the papers, one file per paper
compare             then and now
ladder, timeline, trial   many trainings in one table
intervene           whether models use what they look at
results             the numbers of README and docs
explain             attention in five steps
release, publish    a run as a folder to hand on, and on Hugging Face
doctor              what works on this machine
page, site          the interactive page; the same as a folder without a server
lightning           fit, validate and test with every option of Lightning

And what they share: ``configs``, ``weights``, ``trainings``, ``several``, ``ending``. ``equations`` is a part of `make format`;
``torchrun`` is started by hand on each node of several.
"""
