"""The timeline: one translator with every kind of attention, measured and drawn side by side.

training   every mechanism and seed on the same budget
cost       the cost of one step of a mechanism: products counted, time measured
rows       the table, as plain data
report     the table as text, pictures and one self-contained page
document   docs/timeline.md, written from it
"""
