"""A step with the settings of each configuration that no other test trains: those of the papers and those of images."""

import sys

import pytest
import torch
import yaml
from toy_run import NETWORK, folder_of_images
from trained import ROOT

from reproductions.__main__ import run as command
from reproductions.bahdanau2014.model import RNNsearch
from reproductions.commands.lightning.cli import ReproductionCLI
from reproductions.training import checkpoints
from reproductions.transformer2017.model import Transformer

pytestmark = pytest.mark.usefixtures("unscored")
IMAGES = [path for paper in ("vit2021", "resnet2016") for path in sorted(ROOT.glob(f"configs/{paper}/*.yaml"))
          if path.stem != "shapes_32"]  # shapes.yaml on smaller images  # fmt: skip


@pytest.fixture
def unscored(monkeypatch):
    """A training ends without the validation and the test of its last weights."""
    monkeypatch.setattr(ReproductionCLI, "_validate_once", lambda _: None)


def step(path, corpus, folder, **settings):
    """One step, and nothing else; the checkpoint that it leaves."""
    once = {"data.init_args.corpus": corpus, "run.folder": folder, "trainer.max_steps": 1, "trainer.val_check_interval": 1000,
            "trainer.enable_progress_bar": "false", **settings}  # fmt: skip
    assert command(["fit", "--config", str(path), *(f"--{name}={value}" for name, value in once.items())]) == 0
    checkpoint = checkpoints.read(folder / "checkpoints/last.ckpt")
    assert checkpoint["global_step"] == 1
    assert all(weight.isfinite().all() for weight in checkpoint["state_dict"].values())
    return checkpoint


@pytest.mark.parametrize("path", IMAGES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_a_step_of_every_image_config_runs_at_its_own_size_and_width(place, path):
    """Of one layer, or one block a stage."""
    depth = {"vit2021": "layers", "resnet2016": "blocks"}[path.parent.name]
    once = {"data.init_args.images": "null", "data.init_args.batch_images": 2, "trainer.accumulate_grad_batches": 1}
    step(path, folder_of_images(place / "images"), place / "run", **once | {f"model.init_args.network.{depth}": 1})


@pytest.mark.parametrize("name", ["transformer2017/wmt14_base", "luong2015/wmt14", "bahdanau2014/wmt14",
                                  "bahdanau2014/wmt14-rnnencdec"])  # fmt: skip
def test_a_step_with_the_papers_own_recipe_data_and_precision_runs(name, place, trained):
    """On narrow networks and few words; the sizes of the paper are the next test's."""
    narrow = NETWORK[name.split("/")[0]] | ({"heads": 2} if "transformer" in name else {})
    sizes = {f"model.init_args.network.{size}": value for size, value in narrow.items()}
    checkpoint = step(ROOT / f"configs/{name}.yaml", trained.numbers, place / "run", **sizes)
    state = checkpoint["optimizer_states"][0]["state"].values()
    moved = "square_avg" if "bahdanau" in name else "exp_avg_sq"  # Adadelta's and Adam's; plain descent keeps nothing
    assert any(entry[moved].any() for entry in state) == ("luong" not in name)


def built(name, module):
    """The network of a configuration at its own size, without its numbers."""
    settings = yaml.safe_load((ROOT / f"configs/{name}.yaml").read_text(encoding="utf-8"))["model"]["init_args"]
    with torch.device("meta"):
        return module(30_000, 30_000, sys.modules[module.__module__].Network(**settings["network"])).state_dict()


@pytest.mark.parametrize(("name", "sizes"), [("base", (512, 2048, 6)), ("big", (1024, 4096, 6))])
def test_the_configs_of_the_transformer_have_the_sizes_of_table_3(name, sizes):
    weights, (d, d_ff, layers) = built(f"transformer2017/wmt14_{name}", Transformer), sizes
    assert weights["encoder.0.feed_forward.W_1.weight"].shape == (d_ff, d)
    assert sum(key.endswith("source_attention.W_Q.weight") for key in weights) == layers


@pytest.mark.parametrize("name", ["wmt14", "wmt14-rnnencdec"])
def test_the_configs_of_rnnsearch_have_the_sizes_of_appendix_a(name):
    """1000 units, embeddings of 620, a beam of 10."""
    weights = built(f"bahdanau2014/{name}", RNNsearch)
    assert weights["decoder.unit.U_rz.weight"].shape == (2000, 1000)
    assert weights["decoder.E.weight"].shape == (30_000, 620)
