"""Weights of other libraries: each naming gives the same network, sizes are read off, what is wrong is named."""

import hashlib
import json
import re
import time
from dataclasses import replace

import hub_server
import pytest
import torch
from file_server import TOO_SLOW, serving
from huggingface_hub import constants
from PIL import Image
from safetensors.torch import save
from torch import nn
from torchvision.models import get_model, list_models
from translators import shaken

from data.errors import UserError
from data.preprocessing import Preprocessing
from data.sources import download
from reproductions.evaluation import plots
from reproductions.tasks.images.pretrained import pretrained
from reproductions.vit2021 import HUB, weights
from reproductions.vit2021.conversion import Converted, convert
from reproductions.vit2021.libraries import HALVES, IMAGENET
from reproductions.vit2021.model import Network, ViT
from reproductions.vit2021.published import MODELS
from reproductions.vit2021.training import ViT2021
from reproductions.vit2021.weights import adopt, load

K, HEADS = 7, 4
SOURCE = f"{HUB}vit_b_16"
SIZES = {"image_size": 12, "patch": 4, "layers": 3, "d": 16, "d_mlp": 24, "heads": HEADS}
OUTSIDE = {  # ours: torchvision, timm, Hugging Face, as their documentation lists them
    "embed.x_class": ("class_token", "cls_token", "vit.embeddings.cls_token"),
    "embed.E_pos": ("encoder.pos_embedding", "pos_embed", "vit.embeddings.position_embeddings"),
    "embed.E": ("conv_proj", "patch_embed.proj", "vit.embeddings.patch_embeddings.projection"),
    "norm": ("encoder.ln", "norm", "vit.layernorm"),
    "head.0": ("heads.head", "head", "classifier"),
}
BEFORE = ("encoder.layers.encoder_layer_{}.", "blocks.{}.", "vit.encoder.layer.{}.")
INSIDE = {
    "norm_1": ("ln_1", "norm1", "layernorm_before"),
    "MSA.W_O": ("self_attention.out_proj", "attn.proj", "attention.output.dense"),
    "norm_2": ("ln_2", "norm2", "layernorm_after"),
    "MLP.W_1": ("mlp.0", "mlp.fc1", "intermediate.dense"),
    "MLP.W_2": ("mlp.3", "mlp.fc2", "output.dense"),
}
QKV = ("self_attention.in_proj_", "attn.qkv.", "attention.attention.")
LIBRARIES = ("torchvision", "timm", "Hugging Face")


def vit(seed=0, **options):
    return shaken(ViT(K, Network(**SIZES | options)), seed)


def named_by(library, model):
    """A state dict as that library writes it, with one matrix for queries, keys and values where it has one."""
    column, ours, theirs = LIBRARIES.index(library), model.state_dict(), {}
    for name, value in ours.items():
        inside = re.match(r"blocks\.(\d+)\.(.*)", name)
        before, rest, table = (BEFORE[column].format(inside[1]), inside[2], INSIDE) if inside else ("", name, OUTSIDE)
        part = next((part for part in table if rest == part or rest.startswith(part + ".")), None)
        if part is not None:
            theirs[before + table[part][column] + rest[len(part) :]] = (
                value[None] if part.startswith("embed.") and (part != "embed.E") else value
            )
    for i in range(model.network.layers):
        MSA, before = model.blocks[i].MSA, BEFORE[column].format(i) + QKV[column]
        for kind in ("weight", "bias"):
            Q, K, V = (getattr(W, kind).detach() for W in (MSA.W_Q, MSA.W_K, MSA.W_V))
            if library == "Hugging Face":
                theirs |= {f"{before}query.{kind}": Q, f"{before}key.{kind}": K, f"{before}value.{kind}": V}
            else:
                theirs[before + kind] = torch.cat([Q, K, V])
    return theirs


def normalised_map(weights):
    """Weights (H, T, S) of the class token over the patches alone, mean of the heads, sum 1."""
    row = weights.mean(0)[0, 1:]
    return (row / row.sum()).detach().float()


def image():
    return torch.randn(2, 3, 12, 12, generator=torch.Generator().manual_seed(1), dtype=torch.double)


@pytest.mark.parametrize("library", LIBRARIES)
def test_a_model_under_another_librarys_names_is_the_same_model(library):
    """Their way to split heads is tested against torchvision itself in test_vit2021; timm's and torchvision's are one."""
    original = vit()
    converted = convert(named_by(library, original), HEADS)
    assert converted.classes == K
    assert converted.network == Network(**SIZES, epsilon=1e-12 if library == "Hugging Face" else 1e-6)
    again = ViT(K, original.network).eval().double()
    again.load_state_dict(converted.state)
    for mine, theirs in zip(again(image()), original(image()), strict=True):
        assert (mine - theirs).abs().max() <= 1e-10
    with torch.no_grad():
        again.blocks[1].MSA.W_K.weight[3, 5] += 1e-3
    assert (again(image())[0] - original(image())[0]).abs().max() > 1e-10


def test_registers_of_timm_have_no_positions():
    original = vit(registers=2)
    state = named_by("timm", original)
    state["reg_token"], state["pos_embed"] = original.embed.registers.detach()[None], state["pos_embed"][:, 1:]
    converted = convert(state, HEADS)
    assert converted.network.registers == 2 and not converted.state["embed.E_pos"][0].any()
    with torch.no_grad():
        original.embed.E_pos[0] = 0
    again = ViT(K, converted.network).eval().double()
    again.load_state_dict(converted.state)
    torch.testing.assert_close(again.logits(image()), original.logits(image()))


@pytest.mark.parametrize("name", ["vit_b_16", "vit_l_16", "vit_h_14"])
def test_a_published_width_has_the_heads_that_torchvision_gives_it(name):
    with torch.device("meta"):
        theirs = get_model(name, num_classes=2)
    network = convert(theirs.state_dict()).network
    layer = theirs.encoder.layers[0]
    assert (network.d, network.heads) == (theirs.hidden_dim, layer.self_attention.num_heads)


def test_an_unknown_width_needs_its_number_of_heads():
    state = named_by("timm", vit(d=128, heads=2))
    with pytest.raises(UserError, match="128 wide, whose heads are not known here, .*give --heads"):
        convert(state)
    assert convert(state, 2).network.heads == 2
    for heads in (3, 0, -1, 256):
        with pytest.raises(UserError, match=f"{heads} heads do not divide the width 128"):
            convert(state, heads)


MUTANTS = {
    "none": None, "a number": 3.0, "a list": [1.0], "a scalar": torch.tensor(1.0), "a vector": torch.ones(5),
    "empty": torch.ones(0), "a matrix": torch.ones(3, 5), "rows of none": torch.ones(0, 16),
    "three axes": torch.ones(2, 3, 5), "five axes": torch.ones(1, 2, 16, 5, 5),
    "counts": torch.ones(16, 16, dtype=torch.int64), "complex": torch.ones(16) * 1j,
}  # fmt: skip


@pytest.mark.parametrize("library", LIBRARIES)
def test_whatever_an_entry_is_conversion_says_what_is_wrong_or_gives_weights_that_load(library):
    """Every entry in turn: gone, of another type, of fewer and more axes, a row longer, a row shorter."""
    state, refused = named_by(library, vit(layers=1)), 0
    for name, value in state.items():
        reshaped = {
            "longer": torch.cat([value, value[:1]]),
            "shorter": value[1:],
            "deeper": value[None],
            "flat": value.flatten(),
        }
        for kind, mutant in (MUTANTS | reshaped | {"gone": ...}).items():
            changed = {key: one for key, one in (state | {name: mutant}).items() if one is not ...}
            try:
                converted = convert(changed, HEADS)
            except UserError as error:
                refused += 1
                assert "\n" not in str(error), (name, kind)
            else:
                with torch.device("meta"):
                    built = ViT(max(1, converted.classes), converted.network)
                built.load_state_dict(converted.state, strict=bool(converted.classes), assign=True)
    assert refused >= 12 * len(state)


def test_a_full_checkpoint_of_dino_is_read_without_the_head_that_it_projects_with(tmp_path):
    state = {f"backbone.{name}": value for name, value in named_by("timm", vit()).items() if "head" not in name}
    projection = {"head.mlp.0.weight": torch.ones(5, 16), "head.mlp.0.bias": torch.ones(5),
                  "head.last_layer.weight_g": torch.ones(9, 1), "head.last_layer.weight_v": torch.ones(9, 5)}  # fmt: skip
    student = {f"module.{name}": value for name, value in (state | projection).items()}
    torch.save({"student": student, "teacher": state | projection, "epoch": 100}, tmp_path / "full.pth")
    converted = load(str(tmp_path / "full.pth"), HEADS)
    assert converted.classes == 0 and converted.state.keys() == convert(state, HEADS).state.keys()


def test_two_names_of_one_weight_are_refused():
    state = named_by("torchvision", vit())
    with pytest.raises(UserError, match=r"blocks\.0\.MLP\.W_1\.bias twice, once as .*mlp\.linear_1\.bias"):
        convert(state | {"encoder.layers.encoder_layer_0.mlp.linear_1.bias": torch.ones(24)}, HEADS)


@pytest.mark.parametrize(("change", "named"), [
    ({"blocks.1.ls1.gamma": torch.ones(15)}, r"blocks\.1\.MSA\.scale is of \(15,\), and .*W_O\.weight, .* of \(16, 16\)"),
    ({"blocks.1.ls1.gamma": torch.ones(16), "blocks.1.attn.proj.bias": None}, r"nothing for blocks\.1\.MSA\.W_O\.bias"),
    ({"blocks.1.mlp.w12.weight": torch.ones(16, 16)}, r"blocks\.1\.mlp\.w12\.weight, for which this ViT has no place"),
    ({"dist_token": torch.ones(1, 1, 16)}, "10 rows, which is not 2 tokens"),
    ({"blocks.2.mlp.fc2.bias": None}, r"nothing for blocks\.2\.MLP\.W_2\.bias"),
    ({"cls_token": None}, "10 rows, which is not 0 tokens"),
    ({"blocks.1.norm1.weight": torch.ones(15)}, r"blocks\.1\.norm_1\.weight is of \(15,\) and not of \(16,\)"),
    ({"pos_embed": torch.ones(1, 13, 16)}, "13 rows"),
    ({"patch_embed.proj.weight": None}, "no ViT of torchvision"),
    ({"patch_embed.proj.weight": torch.ones(16, 48)}, r"embed\.E\.weight is of \(16, 48\): it should have 4 axes"),
    ({"patch_embed.proj.weight": torch.ones(16, 3, 4, 2)}, "patches must be square"),
    ({"cls_token": torch.tensor(1.0)}, r"embed\.x_class is of \(\): it should be rows of 16"),
    ({"blocks.7.norm1.bias": torch.ones(16)}, r"nothing for blocks\.3"),
    ({"head.weight": None}, r"head\.0\.bias"),
])  # fmt: skip
def test_an_entry_that_does_not_fit_is_named(change, named):
    state = {name: value for name, value in (named_by("timm", vit()) | change).items() if value is not None}
    with pytest.raises(UserError, match=named):
        convert(state, HEADS)


# --- Adopting ---------------------------------------------------------------------------------------------------------


def test_another_image_size_interpolates_positions_and_keeps_the_rest():
    converted, larger = convert(named_by("timm", vit()), HEADS), vit(5, image_size=20)
    assert adopt(larger, converted) == ["head.0.weight", "head.0.bias"]
    assert larger.embed.E_pos.shape == (26, 16)
    torch.testing.assert_close(larger.embed.E_pos[[1, 5, 21, 25]], converted.state["embed.E_pos"][[1, 3, 7, 9]])
    torch.testing.assert_close(larger.blocks[2].MLP.W_1.weight, converted.state["blocks.2.MLP.W_1.weight"])


@pytest.mark.parametrize("classes", [4, K])
def test_the_whole_head_gives_way_to_a_linear_one_of_zeros(classes):
    """Section 3.2, for other classes and for the same: the hidden layer of the pre-training goes, too."""
    original = vit(head="mlp")
    state = named_by("torchvision", original)
    hidden = {f"heads.pre_logits.{kind}": getattr(original.head[0], kind).detach() for kind in ("weight", "bias")}
    last = {f"heads.head.{kind}": getattr(original.head[2], kind).detach() for kind in ("weight", "bias")}
    converted = convert({name: value for name, value in state.items() if "head" not in name} | hidden | last, HEADS)
    assert converted.network.head == "mlp"
    module = ViT2021(classes, Network(**SIZES)).double().eval()
    adopt(module.model, converted)
    assert len(module.model.head) == 1 and not module.model.logits(image()).any()
    torch.testing.assert_close(module.model.blocks[1].MLP.W_1.weight, original.blocks[1].MLP.W_1.weight)


@pytest.mark.parametrize(
    "options", [{}, {"pooling": "mean"}, {"positions": "sincos"}, {"registers": 2}, {"stem": "conv"}]
)
def test_a_run_of_this_project_lends_its_weights_to_larger_images(options, tmp_path):
    """Interpolated positions keep their corners; all else is what was trained."""
    torch.manual_seed(0)
    trained = ViT2021(K, Network(**SIZES | {"image_size": 8, "layers": 1} | options))
    shaken(trained.model).float()
    prepared = Preprocessing(8, (0.4, 0.5, 0.6), (0.2, 0.2, 0.3), tuple("abcdefg"))
    prepared.save(tmp_path)
    path = tmp_path / "checkpoints/best.ckpt"
    path.parent.mkdir()
    torch.save({"paper": "vit2021", "state_dict": trained.state_dict(), "hyper_parameters": dict(trained.hparams),
                "global_step": 1, "view": None, "views": {}, "preprocessing": prepared.fingerprint()}, path)  # fmt: skip
    for source in (tmp_path, path):
        converted = load(str(source), size=12)
        assert converted.names == prepared.classes and not converted.assumed
        assert converted.network == replace(trained.network, image_size=12)
    module = ViT2021(K, converted.network)
    assert module.start_from(str(tmp_path), prepared.mean, prepared.std) == ["head.0.weight", "head.0.bias"]
    old, new = trained.model, module.model
    assert old.head[0].weight.any() and not new.head[0].weight.any(), "the head is new, although the old one would fit"
    torch.testing.assert_close(new.blocks[0].MSA.W_Q.weight, old.blocks[0].MSA.W_Q.weight)
    torch.testing.assert_close(new.embed.registers, old.embed.registers)
    if "positions" not in options:
        torch.testing.assert_close(new.positions[[0, 2, 6, 8]], old.positions)
    with pytest.raises(UserError, match="Images of 13 pixels cannot be cut into patches of 4, .*: give --size 12"):
        load(str(tmp_path), size=13)


def test_a_run_of_another_network_is_no_vit(trained):
    with pytest.raises(UserError, match="best.ckpt is a checkpoint of resnet2016, and --weights takes one of vit2021"):
        load(str(trained("resnet2016").folder))


def test_another_patch_size_is_refused_by_name():
    with pytest.raises(UserError, match="network.patch is 2, and 4 in these weights"):
        adopt(vit(patch=2), convert(named_by("timm", vit()), HEADS))


MINE = (0.31, 0.52, 0.47), (0.2, 0.33, 0.11)


def normalised(pixels, mean, std):
    mean, std = (torch.tensor(one, dtype=torch.double)[:, None, None] for one in (mean, std))
    return (pixels - mean) / std


def test_weights_used_to_another_normalisation_give_the_same_logits_to_the_same_pixels():
    pixels = torch.rand(4, 3, 12, 12, generator=torch.Generator().manual_seed(2), dtype=torch.double)
    original, mine, unaware = vit(), vit(3), vit(3)
    converted = convert(named_by("torchvision", original), HEADS)
    adopt(mine, converted, *MINE)
    adopt(unaware, converted)
    for model in (mine, unaware):
        model.head.load_state_dict(original.head.state_dict())
    with torch.no_grad():
        expected = original.logits(normalised(pixels, *IMAGENET))
        assert (mine.logits(normalised(pixels, *MINE)) - expected).abs().max() <= 1e-10
        assert (unaware.logits(normalised(pixels, *MINE)) - expected).abs().max() > 1e-3, "otherwise nothing is tested"


def test_a_stem_used_to_another_normalisation_sees_the_same_within_its_edges():
    pixels = torch.rand(2, 3, 12, 12, generator=torch.Generator().manual_seed(2), dtype=torch.double)
    original, mine = (vit(seed, stem="conv") for seed in (0, 3))
    adopt(mine, Converted(original.state_dict(), original.network, K, mean=IMAGENET.mean, std=IMAGENET.std), *MINE)
    first = [model.embed.E[:2](normalised(pixels, *by)) for model, by in ((original, IMAGENET), (mine, MINE))]
    torch.testing.assert_close(*(features[:, :, 1:, 1:] for features in first))


def test_the_same_normalisation_leaves_the_weights_as_they_are():
    converted, mine = convert(named_by("timm", vit()), HEADS), vit(3)
    adopt(mine, converted, *HALVES)
    assert torch.equal(mine.embed.E.weight, converted.state["embed.E.weight"])
    assert torch.equal(mine.embed.E.bias, converted.state["embed.E.bias"])


@pytest.mark.parametrize(("library", "head", "usual"), [
    ("torchvision", True, IMAGENET), ("timm", True, HALVES), ("timm", False, IMAGENET), ("Hugging Face", True, HALVES),
    ("Hugging Face", False, HALVES),
])  # fmt: skip
def test_a_file_that_does_not_say_its_normalisation_has_that_of_its_library(library, head, usual):
    state = {
        name: value
        for name, value in named_by(library, vit()).items()
        if head or not name.startswith(("head", "classifier"))
    }
    converted = convert(state, HEADS)
    assert (converted.mean, converted.std) == usual and converted.assumed


def test_a_module_of_trained_weights_is_of_their_network_and_has_no_view_yet(tmp_path):
    state = named_by("timm", original := vit(d=128, heads=2))
    torch.save({name: value.half() for name, value in state.items()}, tmp_path / "vit.pth")
    module, converted = ViT2021.pretrained(str(tmp_path / "vit.pth"), 2)
    assert module.view is None and not module.training and module.network == converted.network
    assert {parameter.dtype for parameter in module.parameters()} == {torch.float32}
    expected = original.half().float().logits(image().float())
    torch.testing.assert_close(module.model.logits(image().float()), expected)


def test_weights_without_a_head_look_through_views_that_need_no_class(tmp_path):
    state = named_by("timm", original := vit(d=128, heads=2))
    without = {name: value for name, value in state.items() if not name.startswith("head")}
    torch.save(without, tmp_path / "dino.pth")
    classifier = pretrained(str(tmp_path / "dino.pth"), 2)
    looked = classifier.look(photo := Image.new("RGB", (30, 20), "red"), "red.png")
    assert looked.view.startswith("attention rollout") and looked.classes == ("no class",)
    maps = original(classifier.preprocessing.tensor(looked.pixels[None]).double())[1]
    seen = classifier.layers(photo)
    torch.testing.assert_close(torch.from_numpy(seen[0]).flatten(), normalised_map(maps[0, 0]), rtol=1e-4, atol=1e-5)
    assert "red.png · no class" in "".join(text.get_text() for text in plots.attended(looked).texts)
    with pytest.raises(UserError, match="dino.pth .* has no head, so it knows no class 'cat': train one with"):
        classifier.look(photo, "red.png", asked="cat")


def test_half_a_head_is_named(tmp_path):
    state = named_by("timm", vit(d=128, heads=2))
    without = {name: value for name, value in state.items() if not name.startswith("head")}
    torch.save(without | {"head.weight": state["head.weight"]}, tmp_path / "half.pth")
    with pytest.raises(UserError, match=r"nothing for head\.0\.bias"):
        ViT2021.pretrained(str(tmp_path / "half.pth"), 2)


# --- Files and downloads ----------------------------------------------------------------------------------------------


@pytest.fixture
def hugging_face(tmp_path, monkeypatch):
    """The files of the repository ``me/toy`` on a hub of this machine."""
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    with hub_server.serving() as address:
        monkeypatch.setattr(constants, "ENDPOINT", address)
        template = address + "/{repo_id}/resolve/{revision}/{filename}"
        monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
        yield hub_server.Server.files


def test_weights_on_a_hub_come_with_the_normalisation_heads_and_names_that_stand_beside_them(
    hugging_face, tmp_path, monkeypatch
):
    original = vit(d=128, heads=2)
    files = {name: value.contiguous() for name, value in named_by("Hugging Face", original).items()}
    config = {"num_attention_heads": 2, "layer_norm_eps": 1e-6, "id2label": {str(k): f"kind {k}" for k in range(K)}}
    hugging_face |= {
        "model.safetensors": save(files),
        "config.json": json.dumps(config).encode(),
        "preprocessor_config.json": json.dumps({"image_mean": MINE[0], "image_std": MINE[1]}).encode(),
        "pytorch_model.bin": b"never read",
    }
    converted = load("hf:me/toy")
    assert (converted.mean, converted.std) == MINE and not converted.assumed
    assert converted.network == original.network and converted.names[6] == "kind 6"
    again = ViT(K, converted.network).eval().double()
    again.load_state_dict(converted.state)
    torch.testing.assert_close(again.logits(image()), original.logits(image()))
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "another"))
    hugging_face["config.json"] = json.dumps({"pretrained_cfg": {"mean": [0.1] * 3, "std": [0.2] * 3}}).encode()
    assert load("hf:me/toy@main", 2)[4:6] == ((0.1,) * 3, (0.2,) * 3), "as timm writes it"


def test_a_hub_that_lacks_the_model_or_does_not_answer_is_one_sentence(hugging_face, tmp_path, monkeypatch):
    with pytest.raises(UserError, match=r"^timm:vit_tiny.nix cannot be read \(.*\): is it spelled as on the hub"):
        load("timm:vit_tiny.nix")
    hugging_face |= {"config.json": b"{}", "model.bin": b"pickled"}
    with pytest.raises(UserError, match="hf:me/toy has no model.safetensors, the only format that is read from there"):
        load("hf:me/toy")
    hugging_face["model.safetensors"] = save({"a": torch.ones(1)})
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "another"))
    with pytest.raises(UserError, match="hf:me/toy does not say how its images are prepared"):
        load("hf:me/toy")
    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(UserError, match=r"^hf:me/other cannot be read \(.*\): .* is there a network\?"):
        load("hf:me/other")


OURS = {"state_dict": {"model.embed.x_class": torch.ones(1, 16)}, "hyper_parameters": {}, "paper": "vit2021"}


@pytest.mark.parametrize(("name", "content", "fault"), [
    ("a.pth", b"not a checkpoint", "a.pth"),
    ("a.safetensors", b"short", "a.safetensors"),
    ("b.safetensors", (2).to_bytes(8, "little") + b"[]", "b.safetensors"),
    ("model.pt", nn.Linear(2, 2), "was not opened"),  # it could run code
    ("run/checkpoints/best.ckpt", OURS, "preprocessing.json does not say how images were prepared"),
    ("nowhere.pth", None, "no weights at .*nowhere.pth"),
    ("nan.pth", {"norm.weight": torch.full((2,), torch.nan)}, "nan.pth has weights that are not numbers, .* in norm.weight"),
    ("meta.pth", {"norm.weight": torch.ones(2, device="meta")}, "not numbers, or none, in norm.weight"),
    ("sparse.pth", {"norm.weight": torch.ones(2).to_sparse()}, "not numbers, or none, in norm.weight"),
])  # fmt: skip
def test_a_file_without_weights_is_refused_in_one_sentence(name, content, fault, tmp_path):
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif content is not None:
        torch.save(content, path)
    with pytest.raises(UserError, match=fault):
        load(str(path))


def test_an_unknown_model_is_named_with_those_that_torchvision_has():
    assert list(MODELS) == [name for name in list_models() if name.startswith("vit_")]
    with pytest.raises(UserError, match="'vit_b_15'; it has .*vit_b_16"):
        load("torchvision:vit_b_15")


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """Gives torchvision's weights another address; returns where torch hub keeps a file from there."""
    monkeypatch.setattr("torch.hub._hub_dir", str(tmp_path))
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    theirs = weights.published(SOURCE).value

    def at(url):
        entry = replace(theirs, url=url)
        monkeypatch.setattr(weights, "published", lambda _: entry)
        return weights.kept_at(entry)

    return at


def test_a_download_that_fails_says_what_to_fetch_by_hand_and_where_to_put_it(hub, tmp_path):
    kept = hub("http://127.0.0.1:1/vit-01234567.pth")
    assert kept.is_relative_to(tmp_path)
    fault = rf"^Could not download http://\S+/vit-01234567.pth \(.*refused\): try again, or put the file at {kept} by hand.$"
    with pytest.raises(UserError, match=fault):
        load(SOURCE)


@pytest.mark.parametrize("path", TOO_SLOW)
def test_a_server_that_is_silent_or_too_slow_is_given_up(hub, monkeypatch, path):
    monkeypatch.setattr(download, "_PATIENCE", 0.4)
    with serving() as address:
        hub(address + path)
        began = time.monotonic()
        with pytest.raises(UserError, match="fewer than 1,000 bytes a second"):
            load(SOURCE)
        assert time.monotonic() - began < 1


def test_what_was_put_there_by_hand_is_read_with_the_names_and_the_preprocessing_of_its_publisher(hub, tmp_path):
    torch.save(named_by("torchvision", vit()), tmp_path / "vit.pth")
    content = (tmp_path / "vit.pth").read_bytes()
    kept = hub(f"http://127.0.0.1:1/vit-{hashlib.sha256(content).hexdigest()[:8]}.pth")
    kept.parent.mkdir()
    kept.write_bytes(content)
    converted = load(SOURCE, HEADS)
    assert converted.network == Network(**SIZES)
    assert len(converted.names) == 1000 and converted.names[0] == "tench"
    assert (converted.mean, converted.std) == IMAGENET and not converted.assumed
    kept.write_bytes(content[:2000])
    with pytest.raises(UserError, match=f"{kept} has SHA-256 .*: delete it to download it again from http"):
        load(SOURCE)
