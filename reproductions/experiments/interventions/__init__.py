"""Does a model use what it looks at? Interventions on the attention of many runs, in one table.

rows       which runs, what is measured of each and kept in its folder, and the table as plain data
report     the table as text, a figure and one self-contained page
"""
