"""Many trainings in one table.

interventions   whether models use what they look at
side_by_side    trainings that run side by side, each on a core of its own
ladder          from 2014 to 2017 in six models
quotes          the numbers of README, docs and configurations, written from docs/results.json
results         what README and docs claim, in one file
timeline        every kind of attention in one translator
tracked         such a table in Weights & Biases
trial           translators as word aligners, against human links
"""
