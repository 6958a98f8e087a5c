"""Images with captions as batches: what is stored, the vocabulary, the order, and what is asked wrongly."""

import numpy as np
import pytest
import torch

from data import shapes
from data.captions import CaptionData
from data.errors import UserError
from data.prepared.captions import SHAPES_SEED, SIZES
from data.tokenizers import EOS, PAD, load_tokenizer


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    """A small set, drawn once."""
    folder = tmp_path_factory.mktemp("data")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DATA_DIR", str(folder))
        patch.setattr("data.prepared.captions.SIZES", {"train": 90, "valid": 30, "test": 40})
        made = CaptionData(size=16, batch_images=16)
        made.prepare()
        yield made


def test_a_batch_is_the_scenes_and_a_true_caption_of_each(prepared):
    examples, words = prepared.examples("valid"), prepared.tokenizer
    seen = []
    for batch in prepared.val_dataloader()[0]:
        assert batch.image.shape[1:] == (3, 16, 16) and batch.units == len(batch.index)
        for place, (index, ids) in enumerate(zip(batch.index.tolist(), batch.target.tolist(), strict=True)):
            scene = shapes.described("valid", index, SHAPES_SEED, 16)
            length = int(batch.target_mask[place].sum())
            assert words.words(ids).words == (*(word.text for word in scene.facts.captions[0]), "</s>")
            assert ids[length - 1] == EOS and set(ids[length:]) <= {PAD} and batch.target_mask[place, :length].all()
            torch.testing.assert_close(batch.image[place], prepared.preprocessing.tensor(scene.pixels[None])[0])
            assert examples.facts[index] == scene.facts and np.array_equal(examples.pixels[index], scene.pixels)
            masks = np.stack([drawn.mask for drawn in scene.objects])
            assert (
                np.array_equal(examples.masks[index][: len(masks)], masks)
                and not examples.masks[index][len(masks) :].any()
            )
            seen.append(index)
    assert sorted(seen) == list(range(30))


def test_the_vocabulary_is_learned_from_the_training_captions_alone(prepared):
    captions = [shapes.described("train", i, SHAPES_SEED, 16).facts.captions[0] for i in range(90)]
    assert set(prepared.tokenizer.entries[3:]) == {word.text for words in captions for word in words}
    assert prepared.sizes == {"vocabulary": len(prepared.tokenizer), "network.image_size": 16}


def test_images_of_training_have_mean_0_and_deviation_1_and_objects_lie_where_the_mean_mask_says(prepared):
    images = torch.cat([batch.image for batch in prepared.train_dataloader()])
    torch.testing.assert_close(images.mean((0, 2, 3)), torch.zeros(3), atol=1e-3, rtol=0)
    torch.testing.assert_close(images.std((0, 2, 3)), torch.ones(3), atol=1e-3, rtol=0)
    masks = [sum(o.mask for o in shapes.described("train", i, SHAPES_SEED, 16).objects) for i in range(90)]
    np.testing.assert_allclose(prepared.mean_mask, np.mean(masks, axis=0), atol=1e-6)


def test_captions_of_a_batch_are_about_as_long_and_the_order_is_that_of_the_seed(prepared):
    batches = list(prepared.train_dataloader())
    spread = [int(mask.sum(1).max() - mask.sum(1).min()) for mask in (batch.target_mask for batch in batches)]
    assert np.median(spread) <= 3
    again, other = (
        list(prepared.train_dataloader()),
        list(CaptionData(size=16, batch_images=16, seed=2).train_dataloader()),
    )
    assert [b.index.tolist() for b in batches] == [b.index.tolist() for b in again] != [b.index.tolist() for b in other]
    assert sorted(i for b in batches for i in b.index.tolist()) == list(range(90))


def test_what_a_run_keeps_is_read_back(prepared, tmp_path):
    prepared.save(tmp_path)
    assert load_tokenizer(tmp_path / "prepared", "caption").entries == prepared.tokenizer.entries
    assert prepared.fingerprints().keys() == {"preprocessing", "caption"}
    assert SIZES == {"train": 20_000, "valid": 500, "test": 1_000}, "which its documents name"


@pytest.mark.parametrize(("arguments", "fault"), [
    ({"corpus": "coco"}, "no captions of 'coco'"), ({"size": 0}, "size=0"), ({"images": 0}, "images=0"),
    ({"batch_images": 0}, "batch_images=0"), ({"sort_batches": 0}, "sort_batches=0"), ({"shift": 16, "size": 16}, "shift=16"),
    ({"size": 8}, "ask for 16"), ({"vocabulary": 2}, "vocabulary=2"),
])  # fmt: skip
def test_bad_values_are_named(prepared, arguments, fault):
    with pytest.raises(UserError, match=fault):
        CaptionData(**{"size": 16} | arguments).prepare()
