"""The timeline: one translator under every kind of attention, measured and drawn side by side.

training   every mechanism and seed on the same budget, several at a time, each kept once it is scored
cost       what one step of a mechanism costs: products counted, time measured
rows       the table, as plain data
noise      how far apart two mechanisms may lie by chance
report     the table as text, pictures and one self-contained page
document   docs/timeline.md, written from it
"""
