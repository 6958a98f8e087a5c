import numpy as np
import pytest
from PIL import Image

from data import shapes
from data.errors import UserError
from data.shapes.__main__ import main
from data.shapes.colours import COLOURS
from data.shapes.described import SPLITS as DESCRIBED
from data.shapes.layout import TEXTURES
from data.shapes.outlines import OUTLINES, REACH

COUNT, HELD_OUT, PATCH = 1200, 400, 4
every_kind = pytest.mark.parametrize("draw", [shapes.scene, shapes.described])


class Drawn:
    """Many scenes for training, with their twins."""

    def __init__(self):
        self.scenes, self.without = [], []
        for index in range(COUNT):
            self.scenes.append(shapes.scene("train", index))
            self.without.append(shapes.without_object("train", index))
        self.labels = np.array([scene.label for scene in self.scenes])
        self.masks = np.stack([scene.mask for scene in self.scenes])
        self.coverage = self.masks.reshape(COUNT, 12, PATCH, 12, PATCH).mean((2, 4)).reshape(COUNT, 144)


@pytest.fixture(scope="module")
def train():
    return Drawn()


def seen(pictures):
    """What a ground might tell: colours and their spread, and the picture at 6 x 6."""
    pixels = np.stack(pictures).astype(np.float64) / 255
    coarse = pixels.reshape(len(pixels), 6, 8, 6, 8, 3).mean((2, 4)).reshape(len(pixels), -1)
    features = [np.ones((len(pixels), 1)), pixels.mean((1, 2)), pixels.std((1, 2)), coarse]
    features.append(features[1][:, :, None].repeat(3, 2).reshape(len(pixels), -1) * np.tile(features[1], 3))
    return np.concatenate(features, axis=1)


# What a scene is


def facts(scene):
    """What is true of a scene besides its pixels."""
    return scene.facts if hasattr(scene, "facts") else (scene.label, shapes.caption(scene))


@every_kind
def test_a_scene_is_a_pure_function_of_its_arguments(draw):
    first = draw("test", 7)
    draw("test", 8), shapes.without_object("train", 7), shapes.on_other_ground("test", 7)
    again, other = draw("test", 7), draw("test", 7, seed=2)
    assert np.array_equal(first.pixels, again.pixels) and not np.array_equal(first.pixels, other.pixels)
    assert facts(first) == facts(again)
    assert all(np.array_equal(a.mask, b.mask) for a, b in zip(first.objects, again.objects, strict=True))


def test_no_scene_is_in_two_splits():
    drawn = [shapes.scene(split, index, size=16) for split in shapes.SPLITS for index in range(150)]
    drawn += [shapes.described(split, index, size=16) for split in DESCRIBED for index in range(60)]
    assert len({scene.pixels.tobytes() for scene in drawn}) == len(drawn)


def test_a_picture_has_eight_bits_and_its_mask_sixteenths():
    scene = shapes.scene("train", 3, size=40)
    assert scene.pixels.shape == (40, 40, 3) and scene.pixels.dtype == np.uint8
    assert scene.mask.shape == (40, 40) and scene.mask.dtype == np.float32
    assert np.array_equal(scene.mask * 16, np.round(scene.mask * 16)) and scene.mask.max() == 1


def test_classes_take_turns_and_there_are_ten():
    assert len(shapes.CLASSES) == 10
    assert [shapes.scene("valid", index).label for index in range(20)] == 2 * list(range(10))


def said(placed):
    return placed.kind, placed.paint.name, *placed[2:]


@every_kind
def test_the_same_scene_at_another_size_is_the_same_scene(draw):
    for index in range(20):
        small, large = draw("test", index), draw("test", index, size=96)
        assert facts(small) == facts(large)
        for drawn, larger in zip(small.objects, large.objects, strict=True):
            assert said(drawn.placed) == said(larger.placed)
            shrunk = larger.mask.reshape(48, 2, 48, 2).mean((1, 3))
            assert abs(shrunk - drawn.mask).mean() < 0.002


@pytest.mark.parametrize("kind", shapes.CLASSES)
def test_no_outline_reaches_farther_than_it_may_and_all_hold_about_as_much(kind):
    u, v = np.meshgrid(np.linspace(-1.5, 1.5, 601, dtype=np.float32), np.linspace(-1.5, 1.5, 601, dtype=np.float32))
    inside = OUTLINES[kind](u, v)
    assert np.hypot(u, v)[inside].max() <= REACH + 0.02
    assert 1.3 < inside.mean() * 9 < 2.8


def test_every_object_can_be_named(train):
    for scene in train.scenes[:200]:
        ((placed, _),) = scene.objects
        assert (
            placed.kind == shapes.CLASSES[scene.label] and placed.paint.name in COLOURS and placed.texture in TEXTURES
        )
    assert shapes.caption(shapes.scene("two", 0)).count(" and ") == 1


# The mask is the object


@pytest.mark.parametrize("split", ["train", "two", "conflict"])
def test_image_and_twin_differ_under_the_mask_and_nowhere_else(split):
    shares = []
    for index in range(200):
        scene, twin = shapes.scene(split, index), shapes.without_object(split, index)
        changed = (scene.pixels != twin).any(-1)
        assert not changed[scene.mask == 0].any()
        shares.append(changed[scene.mask > 0.5].mean())
    assert np.mean(shares) > 0.99 and min(shares) > 0.85  # between two tones of a pattern there may be the ground's


def test_the_edge_of_an_object_is_mixed_as_its_mask_says():
    for index in range(0, 200, 10):
        scene = shapes.scene("test", index)
        if scene.objects[0].placed.texture == "plain":
            twin, edge = shapes.without_object("test", index), (scene.mask > 0) & (scene.mask < 1)
            colour = scene.pixels[scene.mask == 1].mean(0)
            expected = twin + scene.mask[..., None] * (colour - twin)
            assert np.abs(scene.pixels - expected)[edge].max() < 24  # of 255; the noise has 9 to either side


def test_every_object_stands_out(train):
    apart = [
        np.abs(scene.pixels.astype(int) - twin).sum(-1)[scene.mask == 1].mean()
        for scene, twin in zip(train.scenes, train.without, strict=True)
    ]
    assert min(apart) > 60  # of three times 255


def test_on_another_ground_the_object_is_the_same_and_the_ground_is_not():
    for index in range(100):
        scene, other = shapes.scene("test", index), shapes.on_other_ground("test", index)
        assert np.array_equal(scene.pixels[scene.mask == 1], other[scene.mask == 1])
        assert (scene.pixels != other).any(-1)[scene.mask == 0].mean() > 0.9


def test_the_masks_lie_where_the_objects_are_said_to_be():
    rows, columns = (np.mgrid[:48, :48] + 0.5) / 24 - 1
    for index in range(60):
        for placed, mask in shapes.scene("two", index).objects:
            y, x = ((mask * place).sum() / mask.sum() for place in (rows, columns))
            assert np.hypot(x - placed.x, y - placed.y) < 0.5 * placed.scale
            assert mask[np.hypot(columns - placed.x, rows - placed.y) > REACH * placed.scale + 1 / 24].max() == 0


def test_two_objects_are_of_two_classes_and_apart():
    for index in range(200):
        first, second = (scene := shapes.scene("two", index)).objects
        assert first.placed.kind != second.placed.kind and first.placed.kind == shapes.CLASSES[scene.label]
        assert np.array_equal(scene.mask, first.mask) and not (first.mask * second.mask).any()
        assert (shapes.without_object("two", index) == scene.pixels).all(-1)[second.mask > 0].all()


# Nothing but the object tells the class


def test_the_ground_does_not_tell_the_class(train):
    """Not to a linear classifier, fitted by ridge regression."""
    features, labels = seen(train.without), train.labels
    known, truth = features[HELD_OUT:], np.eye(10)[labels[HELD_OUT:]]
    classifier = np.linalg.solve(known.T @ known + 1e-2 * np.eye(known.shape[1]), known.T @ truth)
    right = np.mean((features[:HELD_OUT] @ classifier).argmax(1) == labels[:HELD_OUT])
    chance, deviation = 0.1, (0.09 / HELD_OUT) ** 0.5
    assert right < chance + 3 * deviation


@pytest.mark.parametrize("attribute", ["paint", "texture", "x", "y", "scale"])
def test_colour_texture_place_and_size_do_not_tell_the_class(train, attribute):
    values = [getattr(scene.objects[0].placed, attribute) for scene in train.scenes]
    values = [value.name if attribute == "paint" else value for value in values]
    if isinstance(values[0], float):
        values = np.digitize(values, np.quantile(values, [0.25, 0.5, 0.75])).tolist()
    kinds = sorted(set(values))
    table = np.zeros((10, len(kinds)))
    for label, value in zip(train.labels, values, strict=True):
        table[label, kinds.index(value)] += 1
    expected = table.sum(1, keepdims=True) * table.sum(0) / table.sum()
    degrees = 9 * (len(kinds) - 1)
    assert ((table - expected) ** 2 / expected).sum() < degrees + 3.5 * (2 * degrees) ** 0.5  # chi squared


# No map that never looks scores


def test_no_object_covers_the_centre(train):
    assert train.masks[:, 23:25, 23:25].mean((1, 2)).max() < 0.25  # of the four pixels around it


def test_a_map_of_the_centre_scores_below_chance(train):
    centre = train.coverage.reshape(COUNT, 12, 12)[:, 5:7, 5:7]
    assert (centre >= 0.25).mean() < 0.05
    assert centre.mean() < 0.5 * train.coverage.mean()


def test_the_best_fixed_map_scores_little(train):
    fixed = train.coverage[HELD_OUT:].mean(0)
    held_out = train.coverage[:HELD_OUT]
    assert (held_out[:, fixed.argmax()] >= 0.25).mean() <= 0.2
    energy = (held_out * (fixed / fixed.sum())).sum(1).mean()
    assert energy / held_out.mean() < 1.8


def test_objects_fill_a_twentieth_of_a_picture(train):
    assert 0.04 < train.coverage.mean() < 0.06
    assert 8 < (train.coverage > 0.05).sum(1).mean() < 16


# What is asked wrongly


@pytest.mark.parametrize(("draw", "arguments", "fault"), [
    (shapes.scene, ("tests", 0), "no split 'tests': choose one of train, valid"),
    (shapes.scene, ("test", -1), "must not be negative, but they are -1 and 1"),
    (shapes.scene, ("test", 0, -2), "must not be negative, but they are 0 and -2"),
    (shapes.scene, ("test", 0, 1, 8), "at 8 pixels: ask for 16"),
    (shapes.described, ("two", 0), "no split 'two': choose one of train, valid, test"),
    (shapes.described, ("test", -1), "must not be negative"),
    (shapes.described, ("test", 0, 1, 8), "ask for 16"),
])  # fmt: skip
def test_bad_arguments_are_named(draw, arguments, fault):
    with pytest.raises(UserError, match=fault):
        draw(*arguments)


def test_a_contact_sheet_is_written_and_mistakes_are_reported(tmp_path, capsys):
    path = tmp_path / "new" / "sheet.png"
    assert main(["--sample", "12", "--out", str(path), "--size", "32"]) == 0
    with Image.open(path) as sheet:
        assert sheet.height > 1000
    assert main(["--sample", "0"]) == 2
    assert main(["--sample", "1", "--out", str(tmp_path / "sheet.nothing")]) == 2
    assert "at least one scene" in (printed := capsys.readouterr().err) and "ends in .png" in printed
