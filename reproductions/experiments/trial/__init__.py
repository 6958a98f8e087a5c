"""Attention on trial: translators and statistical aligners on the same pairs, measured against human word links.

training    what is trained, and with which budget
links       the links of every system
rows        the table as plain data
report      table, figure and page
"""
