"""What a user gets wrong on the command line: one sentence that names it, before anything is trained."""

import pytest
from full_disk import room_for
from toy_run import corpus, overrides

from reproductions.__main__ import run as command

MISTAKES = {
    # What there is not.
    "train nobody1999": "no paper 'nobody1999'",
    "train bahdanau2014 --data klingon": "accord, ",
    "train bahdanau2014 --data missing.tsv": "missing.tsv",
    "train bahdanau2014 --data a\x1b[2J\u202e.tsv": r"a\x1b[2J\u202e.tsv cannot be read",
    "train bahdanau2014 --resume": "no interrupted run of bahdanau2014 accord",
    "train vit2021 --data klingon": "shapes",
    "train vit2021 --data no/such/folder": "no/such/folder",
    "train vit2021 --weights missing.pth": "missing.pth",
    "train xu2015 --variant medium": "captions-hard",
    "train xu2015 --data.corpus coco": "shapes",
    "train cheng2016 --variant gru": "accord, accord-lstm",
    "evaluate nowhere": "nowhere is not a run",
    "translate Hello.": "no trained run of any paper",
    "translate Hello. --run {here}": "{here} is not a run",
    "look photo.jpg": "no trained run of any paper that classifies images",
    "figures": "no figure to draw yet",
    # What contradicts another option, or what the data decides.
    "train resnet2016 --weights torchvision:vit_b_16": "vit2021",
    "train vit2021 --weights missing.pth --resume": "--resume",
    "train vit2021 --data.size=16 --data.images=48 --model.network.image_size=64": "image_size",
    "train xu2015 --data.size=16 --data.images=48 --model.vocabulary=9": "vocabulary",
    # What does not exist, is of another type, or cannot be.
    "train bahdanau2014 --data {numbers} --model.init_args.network.hiden=3": "hiden",
    "train bahdanau2014 --data {numbers} --model.init_args.network.hidden=many": "many",
    "train bahdanau2014 --data {numbers} --model.init_args.network.hidden=0": "network.hidden must be at least 1",
    "train bahdanau2014 --data {numbers} --model.init_args.recipe.optimizer=sgd": "'adadelta', 'adam'",
    "train bahdanau2014 --data {numbers} --trianer.max_steps=3": "trianer",
    "train cheng2016 --model.init_args.network.attention=soft": "attention",
    "train vit2021 --data.size=16 --data.images=48 --model.network.patch=3": "16 pixels cannot be cut into patches of 3",
    "train xu2015 --data.size=16 --data.images=48 --model.network.patch=5": "patch",
}


@pytest.mark.parametrize("line", MISTAKES)
def test_a_mistake_is_one_sentence_that_names_it(line, place, trained, capfd):
    named = {"numbers": str(trained.numbers), "here": str(place)}
    assert command([word.format(**named) for word in line.split()]) == 2
    error = capfd.readouterr().err
    last = error.strip().splitlines()[-1]
    assert last.startswith("error: ") and MISTAKES[line].format(**named) in last and "Traceback" not in error
    assert not list(place.glob("runs/**/*.ckpt"))


# --- In the user's text -------------------------------------------------------------------------------------------------


@pytest.fixture
def numbers(place, monkeypatch):
    """A corpus to be spoiled, and nothing prepared."""
    monkeypatch.setenv("DATA_DIR", str(place / "data"))
    return corpus(place)


def train(path, paper="bahdanau2014"):
    return command(["train", paper, "--data", str(path), *overrides(4, paper)])


def test_a_fault_of_the_users_text_keeps_its_own_sentence(numbers, capfd):
    lines = numbers.read_bytes().splitlines()
    lines[6] = "one .\tcaf\xe9 .".encode("latin-1")
    numbers.write_bytes(b"\n".join(lines) + b"\n")
    assert train(numbers) == 2
    error = capfd.readouterr().err.strip().splitlines()[-1]
    assert error == f"error: {numbers}, line 7 is not UTF-8 (byte 0xe9 at 10): convert it to UTF-8."


def test_a_test_sentence_that_is_too_long_for_the_model_is_refused_before_the_training(numbers, place, capfd):
    lines = numbers.read_text(encoding="utf-8").splitlines()
    numbers.write_text("".join(f"{line} {' un' * 90}\n" if i % 3 else f"{line}\n" for i, line in enumerate(lines)))
    assert train(numbers, "transformer2017") == 2  # too long for training is dropped, but a test set stays whole
    error = capfd.readouterr().err.strip().splitlines()[-1]
    assert "numbers.tsv, line " in error and "80 positions" in error and "(split 'valid')" in error
    assert not list(place.glob("runs/**/*.ckpt"))


# --- What is no mistake of the user -------------------------------------------------------------------------------------


def test_a_full_disk_while_a_corpus_is_prepared_is_called_so(numbers, capfd):
    with room_for(4_000):
        assert train(numbers) == 2
    error = capfd.readouterr().err.strip().splitlines()[-1]
    assert "disk is full" in error and "compute_fn" not in error


def test_a_bug_while_a_corpus_is_prepared_is_no_mistake_of_the_user(numbers, monkeypatch):
    monkeypatch.setattr("data.prepared.text.learn_tokenizer", lambda *_: {}["bug"])
    with pytest.raises(KeyError, match="bug"):
        train(numbers)


@pytest.mark.parametrize(("arguments", "said", "unsaid"), [
    ("train vit2021", "batch_images", "sentences"), ("train luong2015", "batch_tokens", "batch_images"),
    ("evaluate runs/resnet2016/shapes/1", "batch_images", "sentences"),
])  # fmt: skip
def test_where_memory_does_not_suffice_what_is_named_belongs_to_the_run(arguments, said, unsaid, capfd, monkeypatch):
    def fail(_):
        raise RuntimeError("CUDA out of memory.")

    monkeypatch.setattr("reproductions.__main__.main", fail)
    assert command(arguments.split()) == 2
    error = capfd.readouterr().err
    assert said in error and unsaid not in error
