"""The module all classifiers share: what evaluation sees under Lightning, gradients of maps."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from lightning.pytorch import Callback, LightningDataModule, Trainer
from torch import nn
from torch.utils.data import DataLoader

from data.errors import UserError
from data.images import ImageBatch
from reproductions.attention import MultiHead
from reproductions.resnet2016.model import Network as CNNSizes
from reproductions.resnet2016.training import Recipe as CNNRecipe
from reproductions.resnet2016.training import ResNet2016
from reproductions.tasks.images import maps as image_maps
from reproductions.tasks.images.maps import at_once, look_through, views_of
from reproductions.vit2021.model import Network
from reproductions.vit2021.training import Recipe, ViT2021

K, SIZE = 3, 8
RECIPE = {"learning_rate": 1e-2, "warmup": 2, "weight_decay": 0.05}


def vit(seed=0, recipe=(), **options):
    torch.manual_seed(seed)
    sizes = {"image_size": SIZE, "patch": 4, "layers": 3, "d": 16, "d_mlp": 24, "heads": 2}
    return ViT2021(K, Network(**sizes | options), Recipe(**RECIPE | dict(recipe)))


def cnn(seed=0, recipe=()):
    torch.manual_seed(seed)
    return ResNet2016(K, CNNSizes(image_size=SIZE, blocks=1, width=4), CNNRecipe(**dict(recipe)))


def shaken(module, seed=3):
    """Weights that are all non-zero, the head's too, so that there are gradients."""
    torch.manual_seed(seed)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.add_(0.3 * torch.randn_like(parameter))
    return module.eval()


def batch(n=6, seed=1):
    generator = torch.Generator().manual_seed(seed)
    label = torch.randint(K, (n,), generator=generator)
    image = torch.randn(n, 3, SIZE, SIZE, generator=generator) + label[:, None, None, None]
    return ImageBatch(image, nn.functional.one_hot(label, K).float(), label, torch.arange(n))


class Toy(LightningDataModule):
    """Four batches a split, made anew whenever they are read, as a real loader does: so under inference mode too."""

    seeds = (0, 1, 2, 3)

    def fingerprints(self):
        return {"preprocessing": "toy"}

    def _loader(self):
        return DataLoader(self.seeds, batch_size=None, collate_fn=lambda seed: batch(seed=int(seed)))

    train_dataloader = val_dataloader = test_dataloader = predict_dataloader = _loader


class Keep(Callback):
    """What the evaluation step gave, and what was seen after it."""

    def __init__(self):
        self.outputs = []

    def on_validation_batch_end(self, run, module, logits, batch, *_):
        with run.precision_plugin.forward_context():
            self.outputs.append((logits, module.look(batch.image)))

    on_test_batch_end = on_validation_batch_end


def trainer(folder, steps=8, callbacks=(), **options):
    return Trainer(**{
        "accelerator": "cpu", "max_steps": steps, "logger": False, "callbacks": list(callbacks), "default_root_dir": folder,
        "enable_checkpointing": False, "enable_progress_bar": False, "enable_model_summary": False,
        "num_sanity_val_steps": 0,
    } | options)  # fmt: skip


# --- Evaluation -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("stage", ["validate", "test", "fit"])
@pytest.mark.parametrize("inference_mode", [True, False])
@pytest.mark.parametrize("make", [vit, cnn])
def test_gradients_are_there_although_lightning_evaluates_without_them(make, inference_mode, stage, tmp_path):
    keep, module = Keep(), shaken(make(recipe={"learning_rate": 1e-3})).train()
    run = trainer(tmp_path, 4, [keep], inference_mode=inference_mode)
    getattr(run, stage)(module, datamodule=Toy(), **{} if stage == "fit" else {"verbose": False})
    assert len(keep.outputs) == 4
    logits, seen = keep.outputs[2]
    # After a fit: with the weights it ended with, as the last validation.
    for one, expected in zip(seen, module.eval().look(batch(seed=2).image), strict=True):
        torch.testing.assert_close(one, expected)
        assert not one.is_inference() and not one.requires_grad
    torch.testing.assert_close(logits, seen.logits, rtol=1e-4, atol=1e-5)
    assert all(one.any() for one in seen.gradients)


@pytest.mark.parametrize("make", [vit, cnn])
def test_evaluation_works_under_bfloat16(make, tmp_path):
    keep = Keep()
    trainer(tmp_path, callbacks=[keep], precision="bf16-mixed").test(shaken(make()), datamodule=Toy(), verbose=False)
    logits, seen = keep.outputs[0]
    assert seen.maps.dtype == seen.gradients.dtype == logits.dtype == torch.float32
    assert all(one.any() and one.isfinite().all() for one in seen.gradients)


def test_shapes_are_those_of_the_paper_s_maps():
    module = shaken(vit(registers=1))
    seen = module.look(batch().image)
    assert (module.kind, module.grid, module.prefix) == ("attention", (2, 2), 2)
    assert seen.logits.shape == (6, K) and seen.input_gradient.shape == (6, SIZE, SIZE)
    assert seen.maps.shape == seen.gradients.shape == (6, 3, 2, 6, 6)


def test_a_convolutional_network_gives_its_last_activation():
    module = shaken(cnn())
    seen = module.look(batch().image)
    assert (module.kind, module.grid, module.prefix) == ("activation", (2, 2), 0)
    assert seen.maps.shape == seen.gradients.shape == (6, 16, 2, 2)


def test_as_many_images_are_looked_into_at_once_as_fit_the_memory(monkeypatch):
    """Of ViT-B/16 at 224 pixels the weights of an image are 22 MiB."""
    module, sizes, look = shaken(vit()), [], ViT2021.look
    monkeypatch.setattr(
        ViT2021, "look", lambda self, image, *more: sizes.append(len(image)) or look(self, image, *more)
    )
    views, asked = views_of(module), torch.tensor([2, 0, 1, 1, 0, 2])
    whole = look_through(module, batch().image, views, asked)
    monkeypatch.setattr(image_maps, "WEIGHTS", 4 * 3 * 2 * 5**2)
    np.testing.assert_allclose(look_through(module, batch().image, views, asked), whole, rtol=1e-4, atol=1e-6)
    assert sizes == [6, 4, 2] and whole.shape == (6, len(views), 2, 2)
    monkeypatch.undo()
    large = SimpleNamespace(depth=(12, 12), prefix=1, grid=(14, 14))
    assert at_once(large) >= 1 and at_once(large) * 12 * 12 * 197**2 * 4 <= 2**27
    assert at_once(SimpleNamespace(depth=(24, 16), prefix=1, grid=(80, 80))) == 1


def predicted(module, image):
    logits = module.model.look(image)[0]
    return logits.gather(1, logits.argmax(1)[:, None])[:, 0]


@pytest.mark.parametrize("layer", [0, 1, 2])
def test_each_layers_gradient_is_that_of_its_own_weights(layer, monkeypatch):
    """By finite differences. Public code that collects gradients last layer first pairs them with the wrong maps."""
    module = shaken(vit()).double()
    image = batch().image.double()
    seen = module.look(image)
    change = torch.randn(seen.maps[:, 0].shape, dtype=torch.double)
    shift, attend = 0.0, MultiHead.attend

    def shifted(self, Q, K, V, mask, need_weights=True):
        read, weights = attend(self, Q, K, V, mask, need_weights)
        if self is module.model.blocks[layer].MSA:
            read = read + nn.functional.linear((shift * change @ V).transpose(1, 2).flatten(2), self.W_O.weight)
        return type(attend(self, Q, K, V, mask, need_weights))(read, weights)

    monkeypatch.setattr(MultiHead, "attend", shifted)
    slopes = []
    with torch.no_grad():
        for shift in (1e-4, -1e-4):  # noqa: B007 (read by the function above)
            slopes.append(predicted(module, image))
    slope = (slopes[0] - slopes[1]) / 2e-4
    expected = (seen.gradients[:, layer].double() * change).sum((1, 2, 3))
    torch.testing.assert_close(slope, expected, rtol=1e-4, atol=1e-6)
    for other in {0, 1, 2} - {layer}:
        wrong = (seen.gradients[:, other].double() * change).sum((1, 2, 3))
        assert not torch.allclose(slope, wrong, rtol=1e-2, atol=1e-4)


@pytest.mark.parametrize("make", [vit, cnn])
def test_every_image_has_its_own_maps_and_gradients_and_a_second_call_starts_afresh(make):
    module = shaken(make())
    together = module.look(batch().image)
    again = module.look(batch().image)
    for i in range(6):
        alone = module.look(batch().image[i : i + 1])
        for all_of_them, one, second in zip(together, alone, again, strict=True):
            torch.testing.assert_close(all_of_them[i : i + 1], one, rtol=1e-4, atol=1e-4)
            torch.testing.assert_close(all_of_them, second)


def test_the_gradient_is_of_the_predicted_class_unless_another_is_asked_for():
    module, image = shaken(vit()), batch().image
    seen = module.look(image)
    best = seen.logits.argmax(1)
    torch.testing.assert_close(module.look(image, best).gradients, seen.gradients)
    other = module.look(image, (best + 1) % K)
    torch.testing.assert_close(other.maps, seen.maps)
    assert not torch.allclose(other.gradients, seen.gradients)


def test_gradient_times_input_is_added_up_over_channels_without_its_sign():
    module = shaken(vit()).double()
    image = batch().image.double().requires_grad_()
    (slope,) = torch.autograd.grad(predicted(module, image).sum(), image)
    torch.testing.assert_close(
        module.look(image.detach()).input_gradient, (slope * image).abs().sum(1).detach().float()
    )


@pytest.mark.parametrize("shape", [(2, 3, 12, 12), (2, 3, 8, 12), (2, 1, 8, 8)])
def test_an_image_of_another_size_is_refused_in_one_sentence(shape):
    with pytest.raises(UserError, match="8 x 8 pixels and 3 channels, not of .*network.image_size"):
        vit().look(torch.zeros(shape))


# --- Training ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("make", [vit, cnn])
def test_a_few_steps_learn_a_simple_task(make, tmp_path):
    module = make()
    trainer(tmp_path, 40, limit_val_batches=0, gradient_clip_val=1.0).fit(module, datamodule=Toy())
    module.eval()
    assert (module.probabilities(batch(seed=2).image).argmax(1) == batch(seed=2).label).float().mean() >= 5 / 6


def test_the_loss_is_that_of_mixed_targets_with_smoothing():
    module = shaken(vit(recipe={"smoothing": 0.1}))
    module.log = lambda *_, **__: None
    one = batch()
    mixed = one._replace(target=0.3 * one.target + 0.7 * one.target.flip(0))
    log_p = module.model.logits(one.image).log_softmax(1)
    expected = -((0.9 * mixed.target + 0.1 / K) * log_p).sum(1).mean()
    torch.testing.assert_close(module.training_step(mixed, 0), expected)


def test_a_checkpoint_names_paper_view_and_preprocessing(tmp_path):
    module, run = vit(), trainer(tmp_path, 1, limit_val_batches=0)
    module.view = "a view"
    run.fit(module, datamodule=Toy())
    run.save_checkpoint(tmp_path / "a.ckpt")
    checkpoint = torch.load(tmp_path / "a.ckpt", weights_only=True)
    assert (checkpoint["paper"], checkpoint["view"], checkpoint["preprocessing"]) == ("vit2021", "a view", "toy")
    again = ViT2021(
        checkpoint["hyper_parameters"]["classes"],
        Network(**checkpoint["hyper_parameters"]["network"]),
        Recipe(**checkpoint["hyper_parameters"]["recipe"]),
    )
    again.load_state_dict(checkpoint["state_dict"])
    again.on_load_checkpoint(checkpoint)
    assert (again.view, again.steps) == ("a view", 1)
