"""What is measured and drawn, with numpy and matplotlib alone.

    records     what is known of one sentence or image, as validated data; JSON lines on disk
    views       which layer, head and step of a model's maps make its one matrix
    measures    numbers: alignment, translation, localisation, calibration, with their intervals
    plots       record -> matplotlib Figure
    files       Figure -> file

Letters: T target positions, S source positions, both with the final </s>; L layers, H heads; gh, gw rows and columns of
patches.
Rows are the target and columns the source everywhere.
"""
