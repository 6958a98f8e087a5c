"""The module all classifiers share: what evaluation sees under Lightning, gradients of maps, the average of the weights."""

from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from lightning.pytorch import Callback, LightningDataModule, Trainer
from lightning.pytorch.callbacks import ModelCheckpoint
from torch import nn
from torch._dynamo.testing import CompileCounterWithBackend
from torch.utils.data import DataLoader

from data.errors import UserError
from data.images import ImageBatch
from reproductions.attention import MultiHead
from reproductions.resnet2016.model import Network as CNNSizes
from reproductions.resnet2016.training import Recipe as CNNRecipe
from reproductions.resnet2016.training import ResNet2016
from reproductions.tasks.images import collect as image_collect
from reproductions.tasks.images.collect import at_once, look_through, views_of
from reproductions.training import classification
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

    preprocessing = SimpleNamespace(fingerprint=lambda: "toy")
    seeds = (0, 1, 2, 3)

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
    monkeypatch.setattr(image_collect, "WEIGHTS", 4 * 3 * 2 * 5**2)
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


def test_probabilities_are_the_softmax_of_the_logits():
    module = shaken(vit())
    torch.testing.assert_close(module.probabilities(batch().image), module.look(batch().image).logits.softmax(1))


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


def test_compilation_is_for_training_alone(monkeypatch, tmp_path):
    compiled = []
    monkeypatch.setattr(torch, "compile", lambda function: lambda image: compiled.append(len(image)) or function(image))
    monkeypatch.setattr(classification.shutil, "which", lambda name: "/bin/" + name)
    module = vit(recipe={"compiled": True})
    trainer(tmp_path, 4).fit(module, datamodule=Toy())
    assert compiled == [6, 6, 6, 6]


@pytest.mark.parametrize("make", [vit, cnn])
def test_a_compiled_network_has_the_loss_and_the_gradients_of_the_plain_one(make, monkeypatch, tmp_path):
    """Really compiled, forward and backward: traced by Dynamo into one graph and differentiated ahead of time."""
    counter = CompileCounterWithBackend("aot_eager")
    monkeypatch.setattr(torch, "compile", partial(torch.compile, backend=counter, fullgraph=True))
    monkeypatch.setattr(classification.shutil, "which", lambda name: "/bin/" + name)

    def trained(compiled):
        class Losses(Callback):
            def on_train_batch_end(self, *arguments):
                losses.append(arguments[2]["loss"].item())

        losses = []
        module = make(recipe={"compiled": compiled})
        trainer(tmp_path, 4, [Losses()], limit_val_batches=0).fit(module, datamodule=Toy())
        return losses, module.state_dict()

    plain, weights = trained(False)
    assert counter.frame_count == 0
    torch._dynamo.reset()
    compiled, again = trained(True)
    assert counter.frame_count >= 1 and counter.op_count > 10
    assert compiled == pytest.approx(plain, abs=1e-5) and len(plain) == 4
    for name, value in weights.items():
        torch.testing.assert_close(again[name], value, atol=1e-4, rtol=1e-3)


def test_compilation_without_a_compiler_is_refused_in_one_sentence(monkeypatch, tmp_path):
    monkeypatch.setattr(classification.shutil, "which", lambda _: None)
    with pytest.raises(UserError, match="C\\+\\+ compiler"):
        trainer(tmp_path, 1).fit(vit(recipe={"compiled": True}), datamodule=Toy())


def test_a_checkpoint_names_paper_view_and_preprocessing(tmp_path):
    module, run = vit(), trainer(tmp_path, 1, limit_val_batches=0)
    module.view = "a view"
    run.fit(module, datamodule=Toy())
    run.save_checkpoint(tmp_path / "a.ckpt")
    found = torch.load(tmp_path / "a.ckpt", weights_only=True)
    assert (found["paper"], found["view"], found["preprocessing"]) == ("vit2021", "a view", "toy")
    again = ViT2021(
        found["hyper_parameters"]["classes"],
        Network(**found["hyper_parameters"]["network"]),
        Recipe(**found["hyper_parameters"]["recipe"]),
    )
    again.load_state_dict(found["state_dict"])
    again.on_load_checkpoint(found)
    assert (again.view, again.steps) == ("a view", 1)


# --- The moving average of the weights --------------------------------------------------------------------------------


class Weights(Callback):
    """The weights after every step of training."""

    def __init__(self):
        self.after = []

    def on_train_batch_end(self, *given):
        self.after.append({name: value.clone() for name, value in given[1].state_dict().items()})


def averaged(after, decay):
    """The formula of the docstring, written out."""
    average = {name: value.clone().double() for name, value in after[0].items()}
    for n, weights in enumerate(after[1:], start=2):
        k = min(decay, n / (n + 9))
        for name, value in weights.items():
            average[name] = k * average[name] + (1 - k) * value.double()
    return average


def same(state, other):
    for name, value in state.items():
        if "num_batches" not in name:
            torch.testing.assert_close(value.double(), other[name].double(), rtol=1e-5, atol=1e-7, msg=name)


EMA = {"recipe": {"ema": 0.7}}


@pytest.mark.parametrize("options", [{"stem": "conv"}, {}], ids=str)
def test_validation_and_checkpoints_have_the_average_and_training_goes_on_without_it(options, tmp_path):
    seen, weights = [], Weights()

    class Look(Callback):
        def on_validation_batch_end(self, *given):
            seen.append({name: value.clone() for name, value in given[1].state_dict().items()})

    run = trainer(tmp_path, 8, [weights, Look()])
    run.fit(vit(**EMA, **options), datamodule=Toy())
    same(seen[0], averaged(weights.after[:4], 0.7))
    same(seen[-1], averaged(weights.after, 0.7))
    run.save_checkpoint(tmp_path / "last.ckpt")
    found = torch.load(tmp_path / "last.ckpt", weights_only=True)
    same(found["state_dict"], averaged(weights.after, 0.7))
    same(found["current_model_state"], weights.after[-1])
    plain, alone = trainer(tmp_path, 8, [second := Weights()]), vit(**options)
    plain.fit(alone, datamodule=Toy())
    same(second.after[-1], weights.after[-1])


def test_a_loaded_checkpoint_is_evaluated_as_it_is_also_by_the_trainer_that_trained(tmp_path, recwarn):
    module, run = vit(**EMA), trainer(tmp_path, 8)
    run.fit(module, datamodule=Toy())
    run.save_checkpoint(tmp_path / "a.ckpt")
    average = torch.load(tmp_path / "a.ckpt", weights_only=True)["state_dict"]
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.zero_()
    for stage in ("test", "validate"):
        getattr(run, stage)(module, datamodule=Toy(), ckpt_path=tmp_path / "a.ckpt", verbose=False, weights_only=True)
        same(module.state_dict(), average)
    fresh = vit(seed=5, **EMA)
    trainer(tmp_path).test(fresh, datamodule=Toy(), ckpt_path=tmp_path / "a.ckpt", verbose=False, weights_only=True)
    same(fresh.state_dict(), average)
    assert not [warning for warning in recwarn if "WeightAveraging" in str(warning.message)]


class Alike(Toy):
    """The same batch again and again, so that a run may stop anywhere."""

    seeds = (0, 0, 0, 0)


@pytest.mark.parametrize("stopped", ["in training", "in validation"])
def test_a_run_that_was_stopped_goes_on_exactly(stopped, tmp_path):
    """Lightning's own average is saved in the place of the weights where validation is interrupted, and lacks the last
    step where a callback before it stops the training.
    """

    class Stop(Callback):
        def on_validation_batch_end(self, *_):
            if stopped == "in validation":
                raise KeyboardInterrupt

        def on_train_batch_end(self, trainer, *_):
            if stopped == "in training" and trainer.global_step == 3:
                raise KeyboardInterrupt

    def run(seed, *callbacks, **options):
        saves = any(isinstance(callback, ModelCheckpoint) for callback in callbacks)
        fitted = trainer(tmp_path, 8, callbacks, limit_val_batches=1, enable_checkpointing=saves)
        module = vit(seed, stem="conv", **EMA)
        fitted.fit(module, datamodule=Alike(), **options)
        fitted.save_checkpoint(tmp_path / f"{seed}.ckpt")
        return torch.load(tmp_path / f"{seed}.ckpt", weights_only=True)

    whole = run(0)
    last = ModelCheckpoint(tmp_path, "stopped", every_n_train_steps=100, save_on_exception=True)
    with pytest.raises(SystemExit):
        run(0, Stop(), last)
    resumed = run(9, ckpt_path=tmp_path / "stopped.ckpt", weights_only=True)
    assert whole["global_step"] == resumed["global_step"] == 8
    for part in ("state_dict", "current_model_state"):
        same(whole[part], resumed[part])
    assert not torch.equal(
        whole["state_dict"]["model.head.0.weight"], whole["current_model_state"]["model.head.0.weight"]
    )
