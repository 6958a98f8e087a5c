"""Attention on trial: translators and statistical aligners on the same pairs, measured against human word links.

training    what is trained, and with which budget
links       the links of every system
reasons     where an aligner errs: rare and frequent words, short and long sentences
rows        the table as plain data
report      table, figure and page
"""
