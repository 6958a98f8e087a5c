"""The command ``look`` with published weights: what it says, what it draws, what it refuses."""

import numpy as np
import pytest
import torch
from fake_hub import HEADS, LAYERS, SIZE, FakeHub, tiny_state
from PIL import Image
from torchvision.models import VisionTransformer

from data.errors import UserError
from reproductions.__main__ import run as command
from reproductions.tasks.images.pretrained import pretrained

SOURCE = "torchvision:vit_b_16"


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A folder with a photo, and a hub that has the weights."""
    FakeHub(monkeypatch, tmp_path / "hub").open.set()
    monkeypatch.setenv("RUNS_DIR", str(tmp_path / "runs"))
    pixels = np.random.default_rng(0).integers(0, 255, (SIZE, 3 * SIZE, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "photo.png")
    return tmp_path


def test_published_weights_see_pictures_as_they_were_trained_to(place):
    """Logits beside torchvision's own model on the same square of pixels, normalised by torchvision's own numbers."""
    classifier = pretrained(SOURCE)
    picture = Image.open(place / "photo.png")
    theirs = VisionTransformer(SIZE, 8, LAYERS, HEADS, hidden_dim=64 * HEADS, mlp_dim=32).eval()
    theirs.load_state_dict(tiny_state())
    square = picture.crop((SIZE, 0, 2 * SIZE, SIZE))  # its middle
    pixels = torch.tensor(np.array(square)).permute(2, 0, 1) / 255
    mean, std = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    with torch.no_grad():
        expected = theirs(((pixels - mean[:, None, None]) / std[:, None, None])[None]).softmax(1)[0]
    attended = classifier.look(picture, "photo.png")
    np.testing.assert_allclose(attended.probabilities, expected.numpy(), atol=1e-5)
    assert attended.classes[0] == "tench" and attended.map.shape == (4, 4)
    assert attended.model.endswith(f", {SOURCE}") and "step" not in attended.model


def test_look_names_classes_and_draws_without_any_run(place, capsys):
    assert command(["look", str(place / "photo.png"), "--weights", SOURCE]) == 0
    printed = capsys.readouterr().out
    assert printed.count("%") == 5
    drawn = place / "runs" / "looked" / "torchvision-vit_b_16"
    assert str(drawn / "photo.png") in printed and (drawn / "photo.png").read_bytes()[:4] == b"\x89PNG"
    assert (drawn / "photo-layers.png").is_file()


def test_look_takes_a_file_numbers_its_classes_and_says_what_it_assumed(place, capsys):
    torch.save(tiny_state(classes=3), place / "my vit.pth")
    given = ["look", str(place / "photo.png"), "--weights", str(place / "my vit.pth"), "--out", str(place / "out")]
    assert command([*given, "--asked", "class 2"]) == 0
    assert "class 1 " in capsys.readouterr().out and (place / "out" / "photo.png").is_file()
    origin = "weights of my vit.pth (mean 0.485 0.456 0.406, deviation 0.229 0.224 0.225 assumed)"
    assert pretrained(str(place / "my vit.pth")).caption.endswith(origin)


def test_an_image_that_cannot_be_read_is_named_when_the_others_are_drawn(place, capsys):
    (place / "cut.jpg").write_bytes(b"\xff\xd8\xff\xe0 and no more")
    asked = [str(place / name) for name in ("cut.jpg", "gone.png", "photo.png")]
    assert command(["look", *asked, "--weights", SOURCE, "--out", str(place / "out")]) == 2
    written = capsys.readouterr()
    assert "cut.jpg cannot be read" in written.err and "gone.png cannot be read" in written.err
    assert "photo.png: " in written.out and (place / "out" / "02-photo.png").is_file()


@pytest.mark.parametrize(("more", "words"), [
    (["--weights", SOURCE, "--run", "runs/x"], "give one of them"),
    (["--heads", "3"], "--heads 3 describes trained weights: name them with --weights"),
    (["--weights", SOURCE, "--heads", "5"], "5 heads do not divide the width 192"),
    (["--weights", "torchvision:vit_x"], "no ViT named 'vit_x'"),
    (["--weights", "nowhere.pth"], "no weights at nowhere.pth"),
    (["--weights", SOURCE, "--asked", "unicorn"], "no class 'unicorn'; it knows tench, goldfish"),
])  # fmt: skip
def test_a_mistake_is_one_sentence(place, capsys, more, words):
    assert command(["look", str(place / "photo.png"), *more]) == 2
    written = capsys.readouterr().err.strip().splitlines()[-1]
    assert written.startswith("error: ") and words in written and len(written) < 600


def test_weights_of_grey_images_are_refused(tmp_path):
    state = tiny_state(3)
    torch.save(state | {"conv_proj.weight": state["conv_proj.weight"][:, :1]}, tmp_path / "grey.pth")
    with pytest.raises(UserError, match="reads images of 1 channels"):
        pretrained(str(tmp_path / "grey.pth"))
