"""What is printed of a classifier: both groups of images, controls with their verdicts, and no more heads than can be read."""

from reproductions.tasks.images.report import MARKS, UNMOVED, notes


def row(value, difference=None):
    found = {
        group: {"auroc": [value, value - 0.01, value + 0.01], "ground_top1": [value] * 3} for group in ("all", "right")
    }
    if difference is not None:
        found |= {f"first minus this, {group}": {"auroc": [difference, difference - 0.1, difference + 0.1, 0.01],
                                                 "ground_top1": [-difference, -difference - 0.1, -difference + 0.1, 0.01]}
                  for group in ("all", "right")}  # fmt: skip
    return found


def looked(maps, **more):
    return {"looked": 1200, "looked_right": 1173, "view": "rollout", "localisation": maps} | more


def cells(lines, name):
    """Of a map: its row, and the one beneath it."""
    (place,) = [i for i, line in enumerate(lines) if line.startswith(name)]
    return lines[place : place + 2]


def test_every_map_has_a_row_for_all_images_and_one_for_the_correctly_classified():
    lines = notes({"test": looked({"rollout": row(0.9), "centre": row(0.6, 0.3)})})
    assert "1,200 images of test, 1,173 of them correctly classified" in lines[1]
    for name in ("rollout", "centre"):
        assert cells(lines, name)[1].startswith("  correctly classified")
    assert "0.600 (0.590 to 0.610) +" in cells(lines, "centre")[0]


def test_a_mark_says_whether_the_map_is_better_beyond_the_interval_of_the_difference():
    """Of the ground less is more: there the sign turns round."""
    maps = {"rollout": row(0.9), "worse": row(0.6, 0.3), "alike": row(0.85, 0.05), "better": row(1.0, -0.2)}
    lines = notes({"test": looked(maps)})
    for name, mark in (("worse", "+"), ("alike", "="), ("better", "-")):
        for line in cells(lines, name):
            assert line.count(f") {mark}") == 2, line
    assert not any(f") {mark}" in " ".join(cells(lines, "rollout")) for mark in "+-=")
    assert lines[-1] == MARKS


def test_of_many_heads_the_best_and_the_worst_are_printed():
    heads = {
        f"cls L{layer} H{head}": row(0.5 + layer / 100 + head / 10_000)
        for layer in range(1, 13)
        for head in range(1, 13)
    }
    lines = notes(
        {"test": looked({"rollout": row(0.9)}, heads=heads), "two": looked({"rollout": row(0.9)}, heads=heads)}
    )
    named = [line for line in lines if line.startswith("layer")]
    assert len(named) == 12 and named[0].startswith("layer 12 head 12") and named[-1].startswith("layer 1 head 1 ")
    few = {view: heads[view] for view in list(heads)[:6]}
    named = [line for line in notes({"test": looked({"rollout": row(0.9)}, heads=few)}) if line.startswith("layer")]
    assert [line[:14] for line in named] == [f"layer 1 head {head}" for head in range(1, 7)]


def test_a_view_that_cannot_move_is_said_not_to():
    asked = {"images": 300, "class_specific": False, "maps": {"rollout": row(0.6)}}
    assert (
        UNMOVED in notes({"two": {"asked": asked}})
        and notes({"two": {"asked": asked | {"class_specific": True}}})[-1] != UNMOVED
    )
