"""What is measured and drawn, with numpy and matplotlib alone.

    records     one sentence or image and what a model did with it, as validated data; JSON lines on disk
    views       which layer, head and step of a model's maps become one matrix
    measures    numbers: alignment, translation, localisation, calibration, with their intervals
    plots       record -> matplotlib Figure
    files       Figure -> file
    arrays      types of arrays, for annotations

Letters: T target positions, S source positions, both with the final </s>; L layers, H heads; gh, gw rows and columns of
patches.
Rows are the target and columns the source everywhere.
"""
