"""What the documents promise is there: equations on their lines, targets of make, settings that the command line accepts."""

import re
from collections import Counter
from importlib import import_module
from inspect import signature
from pathlib import Path

import pytest
import yaml
from toy_run import NETWORK
from wandb.sdk.launch.sweeps.utils import create_sweep_command, create_sweep_command_args

from data import accord
from data.errors import UserError
from data.tokenizers import learn_tokenizer
from reproductions.__main__ import _separate, parsers
from reproductions.commands.configs import config_of
from reproductions.commands.equations import READMES, ROW, refreshed
from reproductions.commands.lightning.cli import ReproductionCLI
from reproductions.page.catalogue import examples
from reproductions.papers import PAPERS
from reproductions.tasks import typed

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
SWEEPS = sorted(ROOT.glob("configs/sweeps/*.yaml"))  # of W&B; all others are settings of a run
SETTINGS = sorted({*ROOT.glob("configs/*/*.yaml")} - {*SWEEPS})
DOCUMENTS = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    *sorted(ROOT.glob("docs/*.md")),
    *sorted(ROOT.glob("reproductions/*/README.md")),
]


@pytest.mark.parametrize("path", READMES, ids=lambda path: path.parent.name)
def test_every_paper_has_a_table_of_equations_on_their_lines_and_its_departures(path):
    text = path.read_text(encoding="utf-8")
    assert refreshed(text) == text, "`make format` fixes it"
    assert len(ROW.findall(text)) >= 9
    assert text.count("`reproductions/") == len(ROW.findall(text)), "a row that is not of the form"
    assert "## Departures from the paper" in text


def test_a_moved_line_is_found_again_and_a_lost_one_is_named():
    text = READMES[0].read_text(encoding="utf-8")
    _, file, line, code = ROW.search(text).groups()
    moved = text.replace(f"{file}:{line}`", f"{file}:{line}7`")
    assert moved != text and refreshed(moved) == text
    with pytest.raises(ValueError, match="does not hold `nonsense`"):
        refreshed(text.replace(f"`{code}`", "`nonsense`"))
    with pytest.raises(ValueError, match="on lines"):
        refreshed(text.replace(f"`{code}`", "`self`"))


def test_a_visitor_reads_the_readme_in_minutes():
    read = re.sub("<!--.*?-->", "", README, flags=re.S)
    assert sum(any(map(str.isalnum, word)) for word in read.split()) <= 900


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_every_link_of_a_document_leads_somewhere(path):
    links = re.findall(r'\]\(([^)\s#]+)(?:#[^)]*)?\)|src="([^"]+)"', path.read_text(encoding="utf-8"))
    places = [link for pair in links for link in pair if link and not link.startswith("http")]
    assert [place for place in places if not (path.parent / place).exists()] == []


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_every_make_target_of_a_document_exists(path):
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in set(re.findall(r"`make ([a-z][a-z-]+)|^make ([a-z][a-z-]+)", path.read_text(encoding="utf-8"), re.M)):
        assert re.search(rf"^{''.join(target)}:.*## ", makefile, re.M), target


def test_every_sentence_on_offer_has_only_words_that_a_model_of_accord_knows():
    """Those of the documents, of `make` and its help, and of the page."""
    places = [ROOT / "Makefile", *ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("reproductions/*/README.md")]
    texts = [path.read_text(encoding="utf-8") for path in places]
    offered = {one for text in texts for one in re.findall(r'SENTENCE(?:="| \?= )([^"\n$]+)', text)} - {"..."}
    assert len(offered) > 1
    offered |= {pair["source"] for pair in examples([])["accord, fr"]}
    # A third of what the configurations train on.
    learned = Counter(word for pair in accord.pairs("train", 20_000) for word in pair.source)
    tokenizer = learn_tokenizer("words", learned, "en", vocabulary=30_000)
    assert {one: unknown for one in offered if (unknown := typed.unknown(one, tokenizer))} == {}


@pytest.mark.parametrize("path", SETTINGS, ids=lambda path: path.stem)
def test_what_a_config_of_translators_gives_stands_in_its_header(path):
    """Or that it was not trained."""
    if path.parent.name in ("bahdanau2014", "luong2015", "transformer2017", "ladder", "timeline", "trial"):
        header = path.read_text(encoding="utf-8").partition("seed_everything")[0]
        assert re.search(r"# (Expected|Seen)\b|# Settings as in", header)


CONFIGS = pytest.mark.parametrize("path", SETTINGS, ids=lambda path: f"{path.parent.name}-{path.stem}")


@pytest.fixture(scope="module")
def fit():
    """The parser of ``fit``, which the command line builds; no data, model or trainer is."""

    class Built(BaseException):
        pass

    found = []

    def stop(self, *_):
        found.append(self._parser("fit"))
        raise Built

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ReproductionCLI, "parse_arguments", stop)
        with pytest.raises(Built):
            ReproductionCLI()
    return found[0]


@CONFIGS
def test_every_key_and_value_of_a_config_is_known_to_the_command_line(fit, path):
    parsed = fit.parse_args([f"--config={path}", "--run.folder=nowhere"])
    assert parsed.trainer.max_steps or parsed.trainer.max_epochs


@pytest.mark.parametrize("path", SWEEPS, ids=lambda path: path.stem)
def test_what_an_agent_of_a_sweep_starts_is_a_training_with_every_value_that_the_sweep_may_choose(fit, path):
    sweep = yaml.safe_load(path.read_text(encoding="utf-8"))
    for name, choice in sweep["parameters"].items():
        for value in choice.get("values") or (choice["min"], choice["max"]):
            given = create_sweep_command_args({"args": {name: {"value": value}}})["args"]
            python, *module, command, paper = [*create_sweep_command(sweep["command"])][:-1]
            assert (python, module, command) == (".venv/bin/python", ["-m", "reproductions"], "train")
            own, rest = _separate([command, paper, *given], parsers()[1])
            assert (own, sweep["command"][-1]) == ([command, paper], "${args}")
            settings = fit.parse_args([f"--config={config_of(paper, None, '')}", "--run.folder=nowhere", *rest])
            assert settings[name] == value and settings.run.monitor == sweep["metric"]["name"]


@pytest.mark.parametrize("paper", ["bahdanau2014/accord", "vit2021/shapes"])
@pytest.mark.parametrize("part", ["trainer", "run", "data", "model"])
def test_a_misspelt_key_anywhere_in_a_config_is_refused(fit, tmp_path, paper, part):
    settings = yaml.safe_load((ROOT / f"configs/{paper}.yaml").read_text(encoding="utf-8"))
    inner = settings[part].get("init_args", settings[part])
    key = next(iter(inner))
    inner[f"{key}z"] = inner.pop(key)
    (tmp_path / "misspelt.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")
    with pytest.raises(UserError, match=f"{key}z"):
        fit.parse_args([f"--config={tmp_path / 'misspelt.yaml'}", "--run.folder=nowhere"])


def said_to_be_alike():
    """Configs that give another one as the source of their model's settings, and whether their dropout differs."""
    for path in SETTINGS:
        said = re.search(
            r"# Settings as in (\S+)\.yaml, (which suit some ten thousand pairs|with less dropout)", path.read_text()
        )
        if said:
            yield pytest.param(path, said[1], "dropout" in said[2], id=f"{path.parent.name}-{path.stem}")


@pytest.mark.parametrize(("path", "other", "less_dropout"), list(said_to_be_alike()))
def test_settings_that_are_said_to_be_those_of_another_config_are(path, other, less_dropout):
    mine, theirs = (
        yaml.safe_load(one.read_text(encoding="utf-8"))["model"] for one in (path, path.with_name(f"{other}.yaml"))
    )
    if less_dropout:
        less, more = (settings["init_args"]["network"].pop("dropout") for settings in (mine, theirs))
        assert less < more
    assert mine == theirs


def test_what_the_readme_runs_by_hand_it_runs_in_the_environment_that_make_built():
    assert "python -m" in README
    assert re.findall(r"(?<!\.venv/bin/)python -m.*|pip install.*", README) == []


def test_the_readme_names_the_pythons_that_the_package_takes():
    (below,) = re.findall(r'requires-python = ">=3.11,<3.(\d+)"', (ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    *most, last = [f"3.{minor}" for minor in range(11, int(below))]
    assert f"Python {', '.join(most)} or {last}, git and make" in README


@CONFIGS
def test_every_config_says_how_to_run_it_and_fits_its_constructor(path):
    paper = yaml.safe_load(path.read_text(encoding="utf-8"))["model"]["class_path"].split(".")[1]
    training = import_module(f"reproductions.{paper}.training")
    text = path.read_text(encoding="utf-8")
    assert text.startswith(
        ("# RNN", "# The Transformer", "# Luong", "# Show, Attend", "# LSTM", "# ViT", "# ResNet")
    ) and re.search(r"#     make (train-|ladder|timeline|trial)", text)
    assert "@RESULT@" not in text
    settings = yaml.safe_load(text)["model"]["init_args"]
    network = training.Network(**settings["network"] | NETWORK[paper])
    given = {"network": network, "recipe": training.Recipe(**settings["recipe"])}
    if "search" in settings:
        given |= {"search": training.Search(**settings["search"])}
    model, decided = (
        getattr(training, PAPERS[paper].module),
        ("source_vocabulary", "target_vocabulary", "vocabulary", "classes"),
    )
    model(**given, **{name: 20 for name in decided if name in signature(model).parameters})
