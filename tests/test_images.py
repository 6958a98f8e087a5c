import pickle
import shutil

import numpy as np
import pytest
import torch
from full_disk import room_for
from PIL import Image

import data.images
from data import batching
from data.augmentation import Augmentation, seeded
from data.errors import UserError
from data.images import ImageBatches, ImageData
from data.preprocessing import Preprocessing
from data.sources import images as image_corpora

FILL = (9, 8, 7)
PREPARED = Preprocessing(8, (0.5, 0.25, 0.4), (0.2, 0.3, 0.1), ("cat", "dog"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("data")


@pytest.fixture(autouse=True)
def _small(monkeypatch, folder):
    monkeypatch.setenv("DATA_DIR", str(folder))
    monkeypatch.setattr(image_corpora, "SHAPES_SIZES", {"train": 50, "valid": 20, "test": 30, "two": 10})


def small(**arguments):
    return ImageData(**{"size": 16, "batch_images": 8, **arguments})


def noise(count=6, size=8):
    return np.random.default_rng(0).integers(0, 256, (count, size, size, 3), dtype=np.uint8)


def photos(root, classes=("cat", "dog"), count=20, size=(9, 6)):
    for number, name in enumerate(classes):
        (root / name).mkdir(parents=True, exist_ok=True)
        for i in range(count):
            Image.new("RGB", size, (100 * number + i, 50, 200)).save(root / name / f"{i}.png")
    return root


# Batches


def test_a_batch_is_its_images_normalised():
    images = small(images=50)
    (first, *_), example = list(images.val_dataloader()[0]), images.examples("valid")
    assert first.image.shape == (8, 3, 16, 16) and first.image.dtype == torch.float32 and first.image.is_contiguous()
    mean, std = (np.array(part) for part in (images.preprocessing.mean, images.preprocessing.std))
    expected = (example.pixels[:8] / 255 - mean) / std
    assert np.allclose(np.einsum("bchw->bhwc", first.image.numpy()), expected, atol=1e-4)
    assert first.label.tolist() == first.target.argmax(1).tolist() == example.labels[:8].tolist()
    assert first.target.sum().item() == 8 and first.index.tolist() == list(range(8)) and first.units == 8


def test_training_images_have_mean_0_and_deviation_1():
    image = torch.cat([batch.image for batch in small().train_dataloader()])
    assert image.mean((0, 2, 3)).abs().max() < 0.01 and (image.std((0, 2, 3)) - 1).abs().max() < 0.01


def test_an_epoch_has_every_image_once_in_an_order_of_its_own():
    loader = small().train_dataloader()
    orders = []
    for epoch in (0, 1):
        loader.batch_sampler.set_epoch(epoch)
        orders.append(torch.cat([batch.index for batch in loader]).tolist())
    assert sorted(orders[0]) == sorted(orders[1]) == list(range(50)) and orders[0] != orders[1]


def test_ranks_share_the_images(monkeypatch):
    seen = []
    for rank in range(2):
        monkeypatch.setattr(batching, "rank_and_world", lambda rank=rank: (rank, 2))
        monkeypatch.setattr(data.images, "rank_and_world", lambda rank=rank: (rank, 2))
        chosen = list(ImageBatches(np.ones(48, np.int64), 8, shuffle=True, seed=1))
        assert len(chosen) == 3
        seen += [int(i) for batch in chosen for i in batch.index]
        assert {batch.seed[-1] for batch in chosen} == {rank}
    assert sorted(seen) == list(range(48))


def test_splits_and_their_order():
    images = small()
    assert images.split_names("fit") == ["train"] and images.split_names("validate") == ["valid"]
    assert images.split_names("test") == ["test", "two"] and len(images.test_dataloader()) == 2
    assert small(test_splits=["two"]).split_names("test") == ["two"]
    with pytest.raises(UserError, match="Shapes cannot be tested on 'three': choose from valid, test, two"):
        small(test_splits=["three"]).split_names("test")


# Shapes behind the data module


def test_examples_of_shapes_have_masks_and_twins():
    images = small()
    example = images.examples("test")
    assert example.pixels.shape == example.without.shape == (30, 16, 16, 3)
    assert example.masks.shape == (30, 16, 16) and example.masks.dtype == np.float32
    assert not (example.pixels != example.without).any(-1)[example.masks == 0].any()
    assert example.names[1].startswith("test 1: ") and "square" in example.names[1]
    train = images.examples("train")
    assert train.masks is None and len(train.labels) == 50
    moved = (example.pixels != example.elsewhere).any(-1)
    assert not moved[example.masks == 1].any() and moved[example.masks == 0].mean() > 0.9
    assert images.mean_mask.shape == (16, 16) and 0.02 < images.mean_mask.mean() < 0.1
    assert images.classes == image_corpora.shapes.CLASSES and images.sizes["classes"] == 10


def test_of_two_objects_each_has_its_class_and_its_mask():
    images = small()
    example = images.examples("two")
    first = example.masks_of([4, 5], example.labels[4:6])
    second = example.masks_of([4, 5], example.second_labels[4:6])
    assert (first == example.masks[4:6]).all() and (second == example.second_masks[4:6]).all()
    assert second.any((1, 2)).all() and not ((first > 0.5) & (second > 0.5)).any()
    assert (example.labels != example.second_labels).all()
    assert all(
        images.classes[k] in name.split(" and ")[1]
        for k, name in zip(example.second_labels, example.names, strict=True)
    )
    assert images.examples("test").second_labels is None and images.examples("train").masks_of([0], [0]) is None


def test_the_conflict_corpus_is_trained_on_what_it_is_not_tested_on():
    conflict, ordinary = small(corpus="shapes_conflict"), small()
    assert np.array_equal(conflict.examples("test").pixels, ordinary.examples("test").pixels)
    for split in ("train", "valid"):
        assert not np.array_equal(conflict.examples(split).pixels, ordinary.examples(split).pixels)
        assert conflict.examples(split).names[0].startswith("conflict ")


# Augmentation


def test_a_shift_moves_every_image_by_itself_and_repeats_its_edge():
    pixels = noise(200)
    with seeded(1):
        moved = Augmentation(shift=2).pixels(pixels, FILL)
    shifts = set()
    for before, after in zip(pixels, moved, strict=True):
        padded = np.pad(before, ((2, 2), (2, 2), (0, 0)), mode="edge")
        places = [(y, x) for y in range(5) for x in range(5) if np.array_equal(padded[y : y + 8, x : x + 8], after)]
        assert places
        shifts.add(places[0])
    assert len(shifts) == 25


def test_a_flip_turns_half_of_the_images_from_left_to_right():
    pixels = noise(200)
    with seeded(1):
        flipped = Augmentation(flip=True).pixels(pixels, FILL)
    turned = [np.array_equal(after, before[:, ::-1]) for before, after in zip(pixels, flipped, strict=True)]
    same = [np.array_equal(after, before) for before, after in zip(pixels, flipped, strict=True)]
    assert all(a != b for a, b in zip(turned, same, strict=True)) and 70 < sum(turned) < 130


def test_rand_augment_and_erasing_change_images_and_keep_their_shape():
    pixels = noise(32, 16)
    with seeded(2):
        changed = Augmentation(rand_augment=2).pixels(pixels, FILL)
        erased = Augmentation(erasing=1.0).pixels(pixels, FILL)
    for done in (changed, erased):
        assert done.shape == pixels.shape and done.dtype == np.uint8 and not np.array_equal(done, pixels)
    different = (erased != pixels).any(-1)
    assert (erased[different] == FILL).all() and different.any((1, 2)).all()


def test_erasing_happens_as_often_as_it_is_asked_for():
    pixels = noise(800, 16)
    with seeded(3):
        erased = Augmentation(erasing=0.25).pixels(pixels, FILL)
    assert 0.1 < (erased != pixels).any((1, 2, 3)).mean() < 0.4


@pytest.mark.parametrize("settings", [{"mixup": 0.8}, {"cutmix": 1.0}, {"mixup": 0.8, "cutmix": 1.0}])
def test_a_mixture_says_what_it_is_of(settings):
    label = torch.tensor([0, 1, 0, 1])
    image = label.float()[:, None, None, None].expand(4, 3, 8, 8).clone()
    for number in range(5):
        with seeded(number):
            mixed, target = Augmentation(**settings).mixed(image.clone(), label, 2)
        assert target.sum(1).tolist() == pytest.approx([1.0] * 4)
        assert mixed.mean((1, 2, 3)).tolist() == pytest.approx(target[:, 1].tolist(), abs=1e-5)


@pytest.mark.parametrize("settings", [{"rand_augment": 2}, {"erasing": 1.0}, {"crop": (0.2, 0.5)}])
def test_every_image_has_a_draw_of_its_own(settings):
    pixels = np.repeat(noise(1, 16), 8, axis=0)
    with seeded(4):
        changed = Augmentation(**settings).pixels(pixels, FILL)
    assert len({image.tobytes() for image in changed}) >= 6


def test_a_crop_is_a_part_of_the_image_of_the_share_and_the_shape_that_were_asked_for():
    """Of an image whose red is its column and whose green is its row: how far they reach says what was cut out."""
    size = 64
    row, column = np.mgrid[:size, :size]
    pixels = np.repeat(np.stack([3 * column, 3 * row, 0 * row], -1).astype(np.uint8)[None], 300, axis=0)
    with seeded(5):
        cropped = Augmentation(crop=(0.2, 0.5)).pixels(pixels, FILL)
    assert cropped.shape == pixels.shape
    reach = np.ptp(cropped.reshape(300, -1, 3).astype(int), axis=1)[:, :2] / 3 + 1  # width and height, in pixels
    share, shape = reach.prod(1) / size**2, reach[:, 0] / reach[:, 1]
    assert 0.17 < share.min() < 0.24 and 0.46 < share.max() < 0.54
    assert 0.7 < shape.min() < 0.8 and 1.25 < shape.max() < 1.42
    assert (np.diff(cropped[..., 0].astype(int), axis=2) >= 0).all(), "nothing is turned"


def test_a_single_image_is_not_mixed():
    image, target = Augmentation(mixup=1.0, cutmix=1.0).mixed(torch.ones(1, 3, 4, 4), torch.tensor([1]), 2)
    assert image.mean() == 1 and target.tolist() == [[0, 1]]


def test_evaluation_is_not_augmented():
    heavy = small(shift=4, flip=True, rand_augment=2, mixup=1.0, erasing=1.0)
    for batch, plain in zip(heavy.val_dataloader()[0], small().val_dataloader()[0], strict=True):
        assert torch.equal(batch.image, plain.image) and torch.equal(batch.target, plain.target)


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        ({"size": 0}, "size=0 must be at least 1"),
        ({"batch_images": 0}, "batch_images=0 must be"),
        ({"images": -3}, "images=-3 must be"),
        ({"shift": -1}, "shift=-1 must not be negative"),
        ({"shift": 16}, "shift=16 moves images of 16 pixels out of sight"),
        ({"erasing": 1.5}, "erasing=1.5 is a probability"),
        ({"crop": (0.0, 1.0)}, r"crop=\[0.0, 1.0\] are the smallest and the largest share"),
        ({"crop": (0.9, 0.5)}, r"crop=\[0.9, 0.5\] are"),
        ({"magnitude": 31}, "magnitude=31 must be 0 to 30"),
        ({"mixup": -0.1}, "mixup=-0.1 must not be negative"),
        ({"fit": "squash"}, "There is no fit 'squash': choose letterbox or crop"),
    ],
)
def test_bad_values_are_named(arguments, fault):
    with pytest.raises(UserError, match=fault):
        small(**arguments)


# The same batches again

HEAVY = {"shift": 2, "flip": True, "rand_augment": 1, "mixup": 0.8, "cutmix": 1.0, "erasing": 0.5}


def test_a_batch_depends_on_seed_epoch_and_number_alone_and_leaves_the_global_generator_alone():
    torch.manual_seed(1)
    first = list(small(**HEAVY).train_dataloader())
    state = torch.get_rng_state()
    torch.manual_seed(2)
    again = list(small(**HEAVY).train_dataloader())
    for batch, repeated in zip(first, again, strict=True):
        assert torch.equal(batch.image, repeated.image) and torch.equal(batch.target, repeated.target)
    torch.manual_seed(1)
    assert torch.equal(state, torch.get_rng_state())
    assert not torch.equal(next(iter(small(**HEAVY, seed=2).train_dataloader())).image, first[0].image)


@pytest.mark.parametrize(("gpus", "workers"), [(0, 0), (1, 8), (2, 6), (24, 0)])
def test_workers_make_batches_beside_a_gpu_alone(gpus, workers, monkeypatch):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: gpus)
    monkeypatch.setattr(data.images, "cores", lambda: 12)
    assert small().num_workers == workers
    assert small(num_workers=3).num_workers == 3


def test_workers_make_the_same_batches():
    alone, helped = small(**HEAVY).train_dataloader(), small(**HEAVY, num_workers=2).train_dataloader()
    for batch, same in zip(alone, helped, strict=True):
        assert torch.equal(batch.image, same.image) and torch.equal(batch.target, same.target)


# Preprocessing


def test_a_preprocessing_is_stored_and_its_fingerprint_differs_from_others(tmp_path):
    PREPARED.save(tmp_path)
    again = Preprocessing.load(tmp_path / "preprocessing.json")
    assert again == PREPARED and again.fingerprint() == PREPARED.fingerprint()
    assert Preprocessing(8, PREPARED.mean, PREPARED.std, ("dog", "cat")).fingerprint() != PREPARED.fingerprint()
    for content in ("", "[]", '{"size": 3}', '{"width": 3}'):
        (tmp_path / "preprocessing.json").write_text(content)
        with pytest.raises(UserError, match="does not say how images were prepared"):
            Preprocessing.load(tmp_path / "preprocessing.json")


@pytest.mark.parametrize(("width", "height"), [(8, 8), (30, 10), (10, 30), (1, 1), (4000, 1), (1, 4000), (9, 8)])
@pytest.mark.parametrize("fit", ["letterbox", "crop"])
def test_a_picture_of_any_size_becomes_the_square(fit, width, height):
    prepared = Preprocessing(24, (0, 0, 0), (1, 1, 1), ("a", "b"), fit)
    pixels = prepared.pixels(Image.new("RGB", (width, height), "white"))
    left, top, wide, high = prepared.frame(width, height)
    assert pixels.shape == (24, 24, 3)
    white = (pixels == 255).all(-1)
    expected = np.zeros((24, 24), dtype=bool)
    expected[max(0, top) : top + high, max(0, left) : left + wide] = True
    assert np.array_equal(white, expected)
    assert white.all() == (fit == "crop" or width == height)


def test_a_frame_says_where_a_point_of_the_picture_lies():
    picture = Image.new("RGB", (60, 30), "black")
    picture.paste("white", (45, 0, 60, 30))  # the right quarter
    pixels = Preprocessing(40, (0, 0, 0), (1, 1, 1), ("a", "b")).pixels(picture)[20, :, 0]
    assert Preprocessing(40, (0, 0, 0), (1, 1, 1), ("a", "b")).frame(60, 30) == (0, 10, 40, 20)
    assert (pixels[:28] < 60).all() and (pixels[31:] > 200).all()
    cropped = Preprocessing(40, (0, 0, 0), (1, 1, 1), ("a", "b"), "crop")
    assert Preprocessing(40, (0, 0, 0), (1, 1, 1), ("a", "b")).window(60, 30) == (0, -15, 60, 45)
    assert cropped.window(60, 30) == (15, 0, 45, 30)
    assert cropped.frame(60, 30) == (-20, 0, 80, 40) and (cropped.pixels(picture)[20, :, 0] < 60).all()


# A user's own images


def test_a_folder_of_photos_is_a_corpus(tmp_path):
    images = small(corpus=str(photos(tmp_path / "pets")))
    assert images.title == "pets" and images.classes == ("cat", "dog") and images.mean_mask is None
    example = images.examples("test")
    assert example.masks is None and example.without is None
    for name, label, pixels in zip(example.names, example.labels, example.pixels, strict=True):
        kind, number = name.split("/")
        assert kind == ("cat", "dog")[label]
        assert pixels[8, 8].tolist() == [100 * label + int(number.split(".")[0]), 50, 200]
    assert len(images.examples("train").labels) == len(small(corpus=str(tmp_path / "pets")).examples("train").labels)


def test_a_changed_folder_is_prepared_anew(tmp_path):
    first = small(corpus=str(photos(tmp_path / "pets"))).folder
    assert small(corpus=str(tmp_path / "pets")).folder == first
    Image.new("RGB", (3, 3)).save(tmp_path / "pets" / "cat" / "new.png")
    assert small(corpus=str(tmp_path / "pets")).folder != first


def test_fewer_training_images_leave_the_others_alone(tmp_path):
    root = str(photos(tmp_path / "pets"))
    few, all_of_them = small(corpus=root, images=7), small(corpus=root)
    assert len(few.examples("train").labels) == 7
    assert few.examples("test").names == all_of_them.examples("test").names
    assert set(few.examples("train").names) < set(all_of_them.examples("train").names)


def test_the_choice_of_fewer_images_is_the_same_wherever_the_folder_lies_and_however_it_is_called(
    tmp_path, monkeypatch
):
    photos(tmp_path / "here", count=60)
    shutil.copytree(tmp_path / "here", tmp_path / "there" / "moved")
    monkeypatch.chdir(tmp_path)
    given = (str(tmp_path / "here"), "./here", "there/moved")
    first, *others = (small(corpus=corpus, images=20).examples("train").names for corpus in given)
    assert others == [first, first]


def test_fewer_images_keep_the_proportion_of_the_classes(tmp_path):
    photos(tmp_path / "pets", ("cat",), 200)
    photos(tmp_path / "pets", ("dog", "emu"), 20)
    whole = small(corpus=str(tmp_path / "pets")).examples("train").labels
    few = small(corpus=str(tmp_path / "pets"), images=40).examples("train").labels
    assert np.abs(np.bincount(few) / 40 - np.bincount(whole) / len(whole)).max() < 1.5 / 40
    assert np.bincount(small(corpus=str(tmp_path / "pets"), images=3).examples("train").labels).tolist() == [1, 1, 1]
    with pytest.raises(UserError, match="images=2 is fewer than the 3 classes"):
        small(corpus=str(tmp_path / "pets"), images=2).prepare()


@pytest.mark.parametrize("kind", ["no image", "a link to nothing"])
def test_a_damaged_photo_stops_the_preparation_and_leaves_nothing(tmp_path, folder, kind):
    damaged = photos(tmp_path / "broken") / "cat" / "3.png"
    damaged.unlink()
    if kind == "no image":
        damaged.write_bytes(b"no image")
    else:
        damaged.symlink_to(tmp_path / "nowhere.png")
    with pytest.raises(UserError, match=r"cat/3.png cannot be read as an image .*fix or remove it"):
        small(corpus=str(tmp_path / "broken")).prepare()
    assert not list((folder / "prepared").glob("images-broken*[!k]"))


def test_all_damaged_photos_of_all_splits_are_named_at_once(tmp_path):
    root = tmp_path / "broken"
    for split in ("train", "valid", "test"):
        photos(root / split)
        (root / split / "cat" / "3.png").write_bytes(b"no image")
    with pytest.raises(UserError) as raised:
        small(corpus=str(root)).prepare()
    error = str(raised.value)
    assert error.startswith("3 images cannot be read: fix or remove ") and "more" not in error
    assert all(f"{split}/cat/3.png" in error for split in ("train", "valid", "test")) and "\n" not in error
    for i in range(10):
        (root / "train" / "dog" / f"{i}.png").write_bytes(b"no image")
    with pytest.raises(UserError, match="13 images cannot be read: .* and 3 more. The first: .*cannot be read as an"):
        small(corpus=str(root)).prepare()


def test_a_disk_without_room_is_reported_before_anything_is_written(tmp_path, folder, monkeypatch):
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=12_345))
    with pytest.raises(UserError, match=r"The images take 30,720 bytes, and .*prepared has 12,345 free: make room"):
        small(corpus=str(photos(tmp_path / "large"))).prepare()
    assert not list((folder / "prepared").glob("images-large*[!k]"))


def test_a_disk_that_fills_meanwhile_is_a_sentence_not_a_signal(tmp_path):
    """The process may write no file of more than 10,000 bytes: an error of the very kind that a full disk is."""
    with room_for(10_000), pytest.raises(UserError, match="The images take 30,720 bytes"):
        small(corpus=str(photos(tmp_path / "filling"))).prepare()


def test_images_of_one_colour_are_no_division_by_zero(tmp_path):
    for name in ("a", "b"):
        (tmp_path / "flat" / name).mkdir(parents=True)
        for i in range(10):
            Image.new("RGB", (16, 16), (10, 20, 30)).save(tmp_path / "flat" / name / f"{i}.png")
    batch = next(iter(small(corpus=str(tmp_path / "flat")).train_dataloader()))
    assert batch.image.abs().max() < 0.01


@pytest.mark.parametrize("name", ["valid.pixels.npy", "valid.names.json"])
def test_a_damaged_directory_is_named(tmp_path, name):
    images = small(corpus=str(photos(tmp_path / "mine")))
    (images.prepare() / name).write_bytes(b"no array")
    with pytest.raises(UserError, match="is damaged .*delete it"):
        images.examples("valid")


# CIFAR-10


def batches_of_cifar(root):
    """What torchvision unpacks: six pickled batches and the names, here of ten images each."""
    root.mkdir(parents=True)
    random = np.random.default_rng(0)
    for name in [*(f"data_batch_{i}" for i in range(1, 6)), "test_batch"]:
        pixels = random.integers(0, 256, (20, 3072), dtype=np.uint8)
        (root / name).write_bytes(pickle.dumps({"data": pixels, "labels": list(range(10)) * 2}))
    names = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]
    (root / "batches.meta").write_bytes(pickle.dumps({"label_names": names}))


def test_cifar10_is_read_with_torchvision(tmp_path, monkeypatch):
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    monkeypatch.setattr(
        "torchvision.datasets.cifar.check_integrity", lambda *_: True
    )  # of files a thousand times as large
    batches_of_cifar(tmp_path / "cifar10" / "cifar-10-batches-py")
    images = small(corpus="cifar10", size=32)
    assert images.title == "CIFAR-10" and images.classes[:2] == ("airplane", "automobile")
    counts = {name: len(images.examples(name).labels) for name in ("train", "valid", "test")}
    assert counts["test"] == 20 and counts["train"] + counts["valid"] == 100 and counts["valid"] >= 10
    stored = pickle.loads((tmp_path / "cifar10" / "cifar-10-batches-py" / "test_batch").read_bytes())
    red = stored["data"][3].reshape(3, 32, 32)[0]
    assert np.array_equal(images.examples("test").pixels[3, :, :, 0], red)


def test_cifar10_as_a_folder_of_jpeg_files_is_called_so(tmp_path, monkeypatch):
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    for split in ("train", "test"):
        photos(tmp_path / "cifar10" / split, ("airplane", "truck"), 15)
    images = small(corpus="cifar10")
    assert images.title == "CIFAR-10 (JPEG)" and images.classes == ("airplane", "truck")
    assert len(images.examples("test").labels) == 30
    assert len(images.examples("train").labels) + len(images.examples("valid").labels) == 30
    assert images.examples("test").labels.tolist() == [0] * 15 + [1] * 15


ARCHIVE = "cifar10/cifar10-jpeg.tar.gz"
UNPACK = r"cifar10-jpeg.tar.gz is an archive: unpack it with `tar -xf .* and give the folder"
FETCH = r"not available .*cifar-10-python.tar.gz, put it at .*cifar10/cifar-10-python.tar.gz by hand, and remove .*batches-py"


@pytest.mark.parametrize(("corpus", "files", "fault"), [
    ("imagenet", [], "no image set 'imagenet': choose one of shapes, shapes_conflict, cifar10"),
    ("./nowhere", [], "nowhere is no folder"),
    ("cifar10", [ARCHIVE], UNPACK),
    (ARCHIVE, [ARCHIVE], UNPACK),
    ("cifar10", [], FETCH),
])  # fmt: skip
def test_images_that_are_not_there_are_named_with_what_to_do(tmp_path, monkeypatch, corpus, files, fault):
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    for name in files:
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_bytes(b"")
    with pytest.raises(UserError, match=fault):
        small(corpus=corpus).prepare()
