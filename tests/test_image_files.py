import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from data.errors import UserError
from data.sources.image_files import list_images, read_image, upright

RED, BLUE = (200, 30, 40), (20, 40, 210)


def halves(width=8, height=4):
    """Red on the left, blue on the right."""
    picture = Image.new("RGB", (width, height), RED)
    picture.paste(BLUE, (width // 2, 0, width, height))
    return picture


def saved(path, picture, **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    picture.save(path, **options)
    return path


def near(picture, x, y, colour, tolerance=12):
    return max(abs(a - b) for a, b in zip(picture.getpixel((x, y)), colour, strict=True)) <= tolerance


def tree(root, layout, count=20):
    """``layout``: folders with images, as paths; each gets ``count``."""
    for number, folder in enumerate(layout):
        for i in range(count):
            saved(root / folder / f"{i:03d}.png", Image.new("RGB", (6, 6), (10 * number, i, 0)))
    return root


# Kinds of images


@pytest.mark.parametrize("suffix", ["png", "jpg", "bmp", "webp", "tif", "gif", "ppm"])
def test_every_usual_format_is_read_as_rgb(tmp_path, suffix):
    read = read_image(saved(tmp_path / f"a.{suffix}", halves(16, 16)))
    assert read.mode == "RGB" and read.size == (16, 16)
    assert near(read, 3, 8, RED, 40) and near(read, 12, 8, BLUE, 40)


@pytest.mark.parametrize("mode", ["L", "1", "P", "CMYK", "YCbCr", "HSV", "LAB", "RGBA", "LA", "PA", "I", "F", "I;16"])
def test_every_mode_of_pillow_becomes_rgb(mode):
    if mode == "LAB":
        picture = Image.new("LAB", (4, 4), (128, 0, 0))
    elif mode == "PA":
        picture = Image.new("RGBA", (4, 4), RED).convert("PA")
    else:
        picture = Image.new(mode, (4, 4))
    assert upright(picture).mode == "RGB"


def test_what_exif_turned_is_turned_back(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was held so that the picture's left is its bottom
    read = read_image(saved(tmp_path / "a.png", halves(), exif=exif))
    assert read.size == (4, 8)
    assert near(read, 1, 1, RED) and near(read, 1, 6, BLUE)


def test_print_colours_of_a_jpeg_keep_their_hue(tmp_path):
    read = read_image(saved(tmp_path / "a.jpg", halves(16, 16).convert("CMYK"), quality=95))
    assert near(read, 3, 8, RED, 25) and near(read, 12, 8, BLUE, 25)


def test_sixteen_bits_are_brought_to_eight_by_scale_not_by_clipping(tmp_path):
    values = np.array([[0, 257 * 10, 257 * 128, 65535]], dtype=np.uint16)
    read = read_image(saved(tmp_path / "a.png", Image.fromarray(values)))
    assert np.array(read)[0, :, 0].tolist() == [0, 10, 128, 255]


def test_floats_count_to_one_or_to_255():
    for values in ([0.0, 0.5, 1.0], [0.0, 127.6, 255.0]):
        row = np.array(upright(Image.fromarray(np.array([values], dtype=np.float32))))[0, :, 0]
        assert row.tolist() == [0, 128, 255]


@pytest.mark.parametrize("palette", [False, True])
def test_what_is_transparent_is_white(tmp_path, palette):
    picture = Image.new("RGBA", (8, 4), (*RED, 255))
    picture.paste((*BLUE, 0), (4, 0, 8, 4))
    if palette:
        picture = picture.quantize(4)
    read = read_image(saved(tmp_path / "a.png", picture))
    assert near(read, 1, 1, RED) and near(read, 6, 1, (255, 255, 255))


def test_an_animation_is_its_first_frame(tmp_path):
    frames = [Image.new("RGB", (8, 8), colour) for colour in (RED, BLUE, BLUE)]
    read = read_image(saved(tmp_path / "a.gif", frames[0], save_all=True, append_images=frames[1:]))
    assert near(read, 4, 4, RED)


def test_a_large_jpeg_is_decoded_no_larger_than_needed(tmp_path):
    path = saved(tmp_path / "a.jpg", halves(1024, 512))
    assert read_image(path).size == (1024, 512)
    read = read_image(path, size=64)
    assert 128 <= min(read.size) < 512 and near(read, 3, 3, RED, 30)


# What cannot be read


def bomb(width, height):
    """A PNG that claims so many pixels, in some hundred bytes."""

    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


UNREADABLE = "cannot be read as an image"


@pytest.mark.parametrize(("content", "fault"), [
    (bomb(8_000, 5_001), "40,000,000"), (bomb(10_000, 10_000), "40,000,000"), (bomb(30_000, 30_000), "40,000,000"),
    (b"", UNREADABLE), (b"no image", rf"{UNREADABLE} \(its format is unknown\)"),
    (b"\x89PNG\r\n\x1a\n", UNREADABLE), (b"GIF89a", UNREADABLE),
    (b"\xff\xd8\xff\xe0 and so on", UNREADABLE), (None, rf"{UNREADABLE} \(No such file or directory\)"),
], ids=range(9))  # fmt: skip
def test_what_is_no_image_or_too_large_is_named_before_it_is_decoded(tmp_path, content, fault):
    path = tmp_path / "a.png"
    if content is not None:
        path.write_bytes(content)
        with pytest.raises(UserError, match=f"^the upload .*{fault}"):
            read_image(io.BytesIO(content), "the upload")
    with pytest.raises(UserError, match=f"a.png .*{fault}"):
        read_image(path)


@pytest.mark.parametrize("suffix", ["png", "jpg", "gif", "webp", "tif"])
def test_a_file_that_was_cut_is_named(tmp_path, suffix):
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    path = saved(tmp_path / f"cut.{suffix}", Image.fromarray(noise))
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(UserError, match=f"cut.{suffix} cannot be read as an image .*fix or remove it"):
        read_image(path)


# Folders


def test_one_tree_is_split_by_the_names_of_its_files(tmp_path):
    classes, splits = list_images(tree(tmp_path / "one", ["dog", "cat"], 100))
    assert classes == ("cat", "dog")
    counts = {name: len(listed) for name, listed in splits.items()}
    assert sum(counts.values()) == 200 and 140 < counts["train"] < 180 and min(counts.values()) >= 8
    paths = [file.path for listed in splits.values() for file in listed]
    assert len(set(paths)) == 200
    assert all(classes[file.label] == file.path.parent.name for listed in splits.values() for file in listed)
    _, elsewhere = list_images(tree(tmp_path / "other", ["cat", "dog"], 100))
    for name in splits:
        assert {file.path.relative_to(tmp_path / "one") for file in splits[name]} == {
            file.path.relative_to(tmp_path / "other") for file in elsewhere[name]
        }


def test_more_images_do_not_move_those_that_are_there(tmp_path):
    def test_names():
        return {file.path.name for file in list_images(tmp_path)[1]["test"] if file.label == 0}

    tree(tmp_path, ["a", "b"], 80)
    before = test_names()
    tree(tmp_path, ["a", "b"], 90)
    assert before <= test_names()


@pytest.mark.parametrize("valid", ["valid", "val", "validation"])
def test_subfolders_name_the_splits(tmp_path, valid):
    tree(tmp_path, [f"{split}/{kind}" for split in ("train", valid, "test") for kind in ("a", "b")], 3)
    _, splits = list_images(tmp_path)
    for name, folder in (("train", "train"), ("valid", valid), ("test", "test")):
        assert [file.path.relative_to(tmp_path).parts[0] for file in splits[name]] == [folder] * 6


def test_a_split_without_a_folder_is_taken_from_train(tmp_path):
    _, splits = list_images(tree(tmp_path, ["train/a", "train/b", "test/a", "test/b"], 20))
    assert len(splits["test"]) == 40 and len(splits["valid"]) >= 2
    assert len(splits["train"]) + len(splits["valid"]) == 40
    assert {file.label for file in splits["valid"]} == {0, 1}


def test_what_is_hidden_or_no_image_is_passed_over(tmp_path):
    tree(tmp_path, ["a", "b", ".thumbnails", "__MACOSX/a", "a/.cache"], 10)
    for name in ("a/._000.jpg", "a/.DS_Store", "a/notes.txt", "a/Thumbs.db", "README.md"):
        (tmp_path / name).write_bytes(b"no image")
    classes, splits = list_images(tmp_path)
    assert classes == ("a", "b")
    assert sum(map(len, splits.values())) == 20


@pytest.mark.parametrize(
    ("layout", "empty", "fault"),
    [
        (["a"], [], "only the class 'a': it needs one folder of images for each of two classes"),
        ([], [], "no folder with images"),
        (["train/a"], ["test"], "train holds only the class 'a'"),
        (["a", "b"], ["c"], r"c holds no image: add some, or remove the folder"),
        (["train/a", "train/b", "test/a"], ["test/b"], r"b holds no image"),
        (["train/a", "train/b", "test/a", "test/c"], [], r"c is a class that the training images lack: they have a, b"),
        (["train/a", "train/b"], ["test"], r"test holds no folder of a class: put some of a, b there, or remove it"),
        (["train/a", "train/b"], ["Val"], r"Val holds no folder of a class"),
        (["train/a", "train/b", "val/a", "valid/a"], [], r"val and .*valid are both for valid: keep one of them"),
        (
            ["training/a", "training/b", "test/a"],
            [],
            r"has a folder test and none called train, so that test, training",
        ),
        (["training/a", "testing/a"], [], r"has a folder testing and none called train"),
    ],
)
def test_folders_that_cannot_be_learnt_from_are_named(tmp_path, layout, empty, fault):
    tree(tmp_path, layout, 4)
    for name in empty:
        (tmp_path / name).mkdir()
    with pytest.raises(UserError, match=fault):
        list_images(tmp_path)


@pytest.mark.parametrize(
    ("spoil", "fault"),
    [
        (lambda folder: (folder / "a/again").symlink_to(folder / "a"), "a/again is a link to a folder that it lies in"),
        (lambda folder: (folder / "c").symlink_to(folder), "c/c is a link to a folder that it lies in"),
        (lambda folder: (folder / "a/000.png").rename(folder / "a/\udcff.png"), "The name of .* is not UTF-8"),
        (lambda folder: (folder / "a").rename(folder / "\udcff"), "The name of .* is not UTF-8"),
    ],
    ids=["a link to its class", "a link to all classes", "an image's name", "a class's name"],
)
def test_what_lies_in_a_folder_without_end_or_without_a_name_is_refused(tmp_path, spoil, fault):
    spoil(tree(tmp_path, ["a", "b"], 4))
    with pytest.raises(UserError, match=fault) as error:
        list_images(tmp_path)
    assert str(error.value).isprintable()


def test_a_class_too_small_to_be_divided_is_named(tmp_path):
    tree(tmp_path, ["a", "b"], 30)
    tree(tmp_path, ["c"], 2)
    with pytest.raises(UserError, match="c holds too few images to set some aside for"):
        list_images(tmp_path)
