"""A corpus with its store, for every test of this folder."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.commits import space
from tests.faults.runs import texts_of
from tests.faults.work import Job
from tests.small_corpus import small  # noqa: F401 - a fixture
from tests.stores import corpus_of, tiny_store, write_texts

FIGURES = pytest.StashKey[list[str]]()
MEAN, CLS = space("bert_mean"), space("bert_cls")


@pytest.fixture
def make_job(tmp_path: Path) -> Callable[..., Job]:
    """make_job(rows=20): an empty store and one file, in chunks of 10 rows, for two spaces."""

    def make(rows: int = 20, name: str = "a.parquet") -> Job:
        write_texts(tmp_path / "texts" / name, texts_of(range(rows)), row_group_size=10)
        store = tiny_store(tmp_path / "store")
        return Job(store.root, corpus_of(tmp_path / "texts"), (MEAN, CLS))

    return make


@pytest.fixture
def copies(tmp_path: Path) -> Callable[[Job], Job]:
    """The same job on a copy of its store, as it was when first asked for one."""
    taken: list[Path] = []

    def copy(job: Job) -> Job:
        if not taken:
            taken.append(tmp_path / "untouched")
            shutil.copytree(job.store, taken[0], symlinks=True)
        shutil.rmtree(tmp_path / "copy", ignore_errors=True)
        shutil.copytree(taken[0], tmp_path / "copy", symlinks=True)
        return Job(tmp_path / "copy", job.corpus, job.spaces)

    return copy


@pytest.fixture
def figures(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """figures("100 kills"): a line for the end of pytest's output."""
    return request.config.stash.setdefault(FIGURES, []).append


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    for line in config.stash.get(FIGURES, []):
        terminalreporter.write_line(line)
