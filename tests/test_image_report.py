"""What the report says of a classifier: both groups of images and controls with verdicts."""

from written import scored

from reproductions.tasks.images.report import MARKS, UNMOVED, sections


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


def rows_of(section, name):
    """Of a map: its cells, and the row beneath it."""
    (place,) = [i for i, row in enumerate(section.rows) if row[0] == name]
    return section.rows[place][1:], section.rows[place + 1]


def test_every_map_has_a_row_for_all_images_and_one_for_the_correctly_classified(tmp_path):
    run = scored(tmp_path, {"test": looked({"rollout": row(0.9), "centre": row(0.6, 0.3)})})
    (section,) = sections(run)
    assert "1,200 images, 1,173 of them correctly classified" in section.text[0]
    for name in ("rollout", "centre"):
        assert rows_of(section, name)[1][0] == "only correctly classified"
    assert rows_of(section, "centre")[0][0] == "0.600 (0.590 to 0.610) +"


def test_a_mark_says_whether_the_map_is_better_beyond_the_interval_of_the_difference(tmp_path):
    """Of the ground less is more: there the sign turns round."""
    maps = {"rollout": row(0.9), "worse": row(0.6, 0.3), "alike": row(0.85, 0.05), "better": row(1.0, -0.2)}
    (section,) = sections(scored(tmp_path, {"test": looked(maps)}))
    for name, mark in (("worse", "+"), ("alike", "="), ("better", "−")):
        cells, (_, *beneath) = rows_of(section, name)
        assert [cell[-1] for cell in (cells[0], cells[2], beneath[0], beneath[2])] == [mark] * 4
    assert all(cell[-1] not in "+−=" for cell in rows_of(section, "rollout")[0])
    assert section.note.endswith(MARKS)


def test_a_view_that_cannot_move_is_said_not_to(tmp_path):
    asked = {"images": 300, "class_specific": False, "maps": {"rollout": row(0.6)}}
    for class_specific in (False, True):
        scores = looked({"rollout": row(0.9)}, asked=asked | {"class_specific": class_specific})
        *_, section = sections(scored(tmp_path / str(class_specific), {"two": scores}))
        assert (UNMOVED in section.text) != class_specific
