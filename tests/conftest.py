"""What the tests share: six small invented articles, an index of them that needs no model, and the real embedder."""

import fcntl
import gc
import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from time import sleep, thread_time
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.internal.conjecture import providers
from playwright.sync_api import Browser, expect, sync_playwright

from index.build import Builder
from index.embedding.embedder import HashEmbedder, OnnxEmbedder
from index.formats import read
from index.records import Document
from index.search import Index, open_index
from index.settings import Settings, load_settings
from index.storage.store import Store
from rag.assistant import Assistant, open_assistant
from tests import make

SEEDS = Path(__file__).parent.parent / "seeds"
SIX_ARTICLES = {
    "bakery": (
        "The Marten bakery opened on Quarry Street in 1987. It bakes forty kinds of rye bread. "
        "Oskar Lind has run it alone since 2011."
    ),
    "bridge": (
        "The Sollen bridge carries trams over the river Vey. It was closed for repairs in March 2019. "
        "The repairs cost $12 million and took two years."
    ),
    "comet": (
        "Comet Harrow was discovered by Ilse Brandt in 1904. It returns every 61 years. "
        "Its tail was last seen from Earth in 2026."
    ),
    "ferry": (
        "The night ferry to Aldra leaves at nine. Tickets are sold in the old customs house. "
        "In winter the crossing takes six hours."
    ),
    "orchard": (
        "Farmers in the Tamm valley grow red apples. Frost destroyed half of the harvest in 2021. "
        "The cooperative then planted hardier pears."
    ),
    "theatre": (
        "The Linden theatre seats 312 people. Its director, Petra Novak, stages only comedies. "
        "Critics praised The Borrowed Umbrella."
    ),
}


# `make test` tries the same examples each time, so that it says the same of the same code; by chance, and what failed
# before once more: pytest --hypothesis-profile=chance.
NUMBER = int(os.environ.get("HYPOTHESIS_EXAMPLES", "40"))  # where a test names none of its own
settings.register_profile(
    "chance",
    settings.get_profile("default"),
    max_examples=NUMBER,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],  # of a machine that is busy
)
settings.register_profile("quick", settings.get_profile("chance"), derandomize=True)
settings.load_profile("quick")
# It would also try the constants of our modules that happen to be loaded, which are others in each process of xdist.
providers._get_local_constants = lambda: providers._local_constants


def until(true: Callable[[], bool]) -> None:
    """Returns once it is true, however long that takes: a state is waited for; pytest's limit ends what hangs."""
    while not true():
        sleep(0.01)


def piped(*command: object, cwd: Path, **how: Any) -> subprocess.Popen[str]:
    """A process whose three streams are text, to be read and written here."""
    how |= dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    return subprocess.Popen([*map(str, command)], cwd=cwd, text=True, **how)


def costs(*works: Callable[[], object]) -> list[float]:
    """CPU seconds of this thread for one run of each, the least of three, taken in turn: to be compared with another.
    A machine that is slow for a while is slow for all of them. What is collected meanwhile is all that any test made.
    """

    def once(work: Callable[[], object]) -> float:
        gc.disable()
        try:
            begin = thread_time()
            work()
            return thread_time() - begin
        finally:
            gc.enable()

    return [min(one) for one in zip(*([once(work) for work in works] for _ in range(3)), strict=True)]


@pytest.fixture(scope="session", autouse=True)
def settings_of_tests() -> Iterator[None]:
    """What somebody has set for Quotewell on this machine must not reach the tests; these need no key to write; and
    nobody is refused because the machine is busy: test_server_admission and the rigs have that.
    """
    with pytest.MonkeyPatch.context() as environment:
        for name in os.environ:
            if name.upper().startswith("QUOTEWELL_"):
                environment.delenv(name)
        environment.setenv("QUOTEWELL_WITHOUT_KEY", "admin")
        for limit in ("LONGEST_S", "QUEUE_S"):
            environment.setattr(f"server.middleware.admission.{limit}", 600.0)
        yield


@pytest.fixture
def six_articles() -> dict[str, str]:
    """Document id → text, three sentences each."""
    return dict(SIX_ARTICLES)


@pytest.fixture
def six_files(tmp_path: Path, six_articles: dict[str, str]) -> Path:
    """A folder with the six articles, one text file each."""
    folder = tmp_path / "six"
    folder.mkdir()
    for name, text in six_articles.items():
        (folder / f"{name}.txt").write_text(text, encoding="utf-8")
    return folder


@pytest.fixture
def hash_settings(tmp_path: Path) -> Settings:
    """Data in a folder of this test, and the embedder that needs no model."""
    return load_settings(data=tmp_path / "data", embedder="hash")


@pytest.fixture
def hash_builder(hash_settings: Settings) -> Builder:
    return Builder(hash_settings.data, hash_settings, HashEmbedder())


@pytest.fixture
def hash_index(hash_builder: Builder, hash_settings: Settings, six_files: Path) -> Index:
    """The six articles, indexed."""
    hash_builder.index([six_files])
    return open_index(hash_settings.data, hash_settings, HashEmbedder())


Opened = Callable[..., Assistant]


@pytest.fixture
def opened(hash_index: Index, hash_settings: Settings) -> Opened:
    """Opens the six articles with other settings."""

    def opened(**changed: object) -> Assistant:
        return open_assistant(settings=hash_settings.model_copy(update=changed))

    return opened


@pytest.fixture
def assistant(opened: Opened) -> Assistant:
    return opened()


@pytest.fixture(scope="session")
def described() -> dict[str, Any]:
    """The committed interface description; test_server_openapi holds it equal to the published one."""
    text = (Path(__file__).parent.parent / "docs" / "openapi.json").read_text(encoding="utf-8")
    return dict(json.loads(text))


@pytest.fixture(scope="session")
def six_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The six articles, indexed once by the embedder that needs no model: read it, or write to a copy."""
    return make.indexed(tmp_path_factory.mktemp("six"), SIX_ARTICLES).data


@pytest.fixture
def data(six_data: Path, tmp_path: Path) -> Path:
    """The same, for one test to write to."""
    return shutil.copytree(six_data, tmp_path / "data")


@pytest.fixture(scope="session")
def minilm() -> OnnxEmbedder:
    """The packaged all-MiniLM-L6-v2."""
    return OnnxEmbedder()


@pytest.fixture(scope="session")
def seeds() -> list[Document]:
    """The four articles, as they are read."""
    return [one for one in read([SEEDS]) if isinstance(one, Document)]


@pytest.fixture(scope="session")
def seeds_data(minilm: OnnxEmbedder, tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """The bundled articles, indexed once for all workers with the real embedder: read it, or write to a copy."""
    base = tmp_path_factory.getbasetemp()
    shared = base if worker_id == "master" else base.parent
    data = shared / "seeds-minilm"
    with (shared / "seeds-minilm.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # whoever comes second finds nothing left to embed
        Builder(data, load_settings(data=data), minilm).index([SEEDS])
    return data


@pytest.fixture(scope="module")
def seeded(seeds_data: Path) -> Assistant:
    return open_assistant(data=seeds_data)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A new one, open to write."""
    with Store.open(tmp_path, create=True) as opened:
        yield opened


CHROMIUM_FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--no-first-run",
]  # fmt: skip


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Headless Chromium; without one the tests are skipped, but never in CI."""
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        why = "no chromium for the browser tests; install it, for example: apt-get install chromium"
        pytest.fail(why) if os.environ.get("CI") == "true" else pytest.skip(why)
    expect.set_options(timeout=60_000)  # milliseconds: a busy machine is no failure
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=path, args=CHROMIUM_FLAGS, timeout=0)
        yield running
        running.close()
