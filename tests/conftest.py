"""What holds for every test: one thread, no network, no account, no data of this machine, a seed."""

import os
import socket
import tempfile
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from trained import Trained

# Read once by the libraries, so set before any of them is imported. The subprocesses of tests inherit it.
os.environ.update(OMP_NUM_THREADS="1", MKL_NUM_THREADS="1", TOKENIZERS_PARALLELISM="false")
os.environ.update(WANDB_MODE="disabled", WANDB_SILENT="true", WANDB_ERROR_REPORTING="false", HF_HUB_OFFLINE="1")
for name in ("WANDB_API_KEY", "WANDB_BASE_URL", "WANDB_RUN_ID", "WANDB_PROJECT", "WANDB_ENTITY", "WANDB_DIR"):
    os.environ.pop(name, None)
for name in ("RUN_STAMP", "MAKEFLAGS", "MFLAGS", "MAKELEVEL"):  # of a `make test` with ARGS, which is for pytest alone
    os.environ.pop(name, None)
os.environ["BROWSER"] = "true"  # the command of this name, instead of a window
_nowhere = tempfile.TemporaryDirectory(prefix="attention-tests-")
os.environ["DATA_DIR"] = str(Path(_nowhere.name) / "data")
os.environ["RUNS_DIR"] = str(Path(_nowhere.name) / "runs")
os.environ["NETRC"] = str(Path(_nowhere.name) / "netrc")
os.environ["WANDB_CONFIG_DIR"] = str(Path(_nowhere.name) / "wandb")

import pytest  # noqa: E402
import torch  # noqa: E402
from chromium import Browser, count_tests, installed  # noqa: E402
from hypothesis import settings  # noqa: E402
from reader import Reader  # noqa: E402

import data.progress  # noqa: E402  (data declares what torchvision needs, before any test imports lightning)

torch.set_num_threads(1)
data.progress.ALIVE = float("inf")  # what a test reads does not depend on how long it takes
settings.register_profile("tests", derandomize=True, deadline=None, database=None)
settings.load_profile("tests")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "browser: it drives a real browser")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "browser" in getattr(item, "fixturenames", ()):
            item.add_marker("browser")


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> Generator[None]:
    """Ends by saying how many tests drove a browser: where there is none they are skipped, and nobody must overlook that."""
    yield
    said, complete = count_tests(terminalreporter.stats)
    if said:
        terminalreporter.write_line(said, bold=True, green=complete, red=not complete)


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> "Trained":
    """Each paper trained once at toy size, for all tests of a session and for all its processes."""
    from trained import Trained

    base = tmp_path_factory.getbasetemp()
    return Trained((base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "trained")


@pytest.fixture
def place(trained: "Trained", tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder for runs, below the one that it returns; and the data that other tests have prepared."""
    from trained import few_images

    few_images(monkeypatch)
    monkeypatch.chdir(Path(__file__).parents[1])
    monkeypatch.setattr("reproductions.released.copies.FOLDER", tmp_path / "nothing released")
    monkeypatch.setenv("RUNS_DIR", str(tmp_path / "runs"))
    monkeypatch.setenv("DATA_DIR", str(trained.data))
    return tmp_path


@pytest.fixture
def untested(monkeypatch: pytest.MonkeyPatch) -> None:
    """A training ends without the test of its best checkpoint: for what happens before."""
    monkeypatch.setattr("lightning.pytorch.Trainer.test", lambda *_, **__: [])


@pytest.fixture
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pictures without a drawing; see ``toy_run.undrawn``."""
    from toy_run import undrawn

    undrawn(monkeypatch)


@pytest.fixture(scope="session")
def page_runs_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of runs for the page, which are written once."""
    from page_runs import write_all

    folder = tmp_path_factory.mktemp("page") / "runs"
    write_all(folder)
    return folder


@pytest.fixture(scope="module")
def page(page_runs_folder: Path) -> Iterator[tuple[str, Path]]:
    """The address of a page over these runs, and their folder; another RUNS_DIR gives it other runs."""
    from page_runs import serving

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RUNS_DIR", str(page_runs_folder))
        with serving() as address:
            yield address, page_runs_folder


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """The one browser of this process."""
    executable = installed()
    if executable is None:
        pytest.skip("no Chromium on this machine")
    browser = Browser(executable, tmp_path_factory.mktemp("browser"))
    try:
        yield browser
    finally:
        browser.close()


@pytest.fixture
def reader(browser: Browser, page: tuple[str, Path]) -> Iterator[Reader]:
    """A reader at the page, who must leave it without a fault."""
    reader = Reader(browser, page[0])
    yield reader
    reader.finish()


@pytest.fixture(autouse=True)
def _seeded() -> None:
    torch.manual_seed(0)


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Fail a test that leaves this machine; loopback and local sockets stay."""
    connect = socket.socket.connect

    def local(self: socket.socket, address: Any) -> None:
        host = address[0] if isinstance(address, tuple) else "localhost"
        if host not in ("localhost", "::1") and not str(host).startswith("127."):
            raise RuntimeError(f"a test tried to reach {host}: tests use no network")
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", local)
    yield
