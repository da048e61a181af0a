"""The Python and the SQL of the pages run, and what the README shows is what comes out.

They run in a folder with `store` and `models`, as a checkout has them, on a store of the sample's
first rows. The hub id of the README is taken from the local folder of the same model.
"""

import re
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from data import CorpusSpec, StoreSpec
from embedding import EncoderSpec
from pooling import PoolingSpec
from tasks.plan_corpus import EmbedRequest, plan_work
from tasks.publish_corpus import publish_work
from tasks.step import embed_step
from tasks.summary import Ended

ROOT = Path(__file__).resolve().parents[2]
HUB_ID, FOLDER = "sentence-transformers/all-MiniLM-L6-v2", "models/all-MiniLM-L6-v2"


def blocks(language: str, *names: str) -> list[str]:
    pages = [ROOT / name for name in names]
    fence = re.compile(rf"^```{language}\n(.*?)^```", re.MULTILINE | re.DOTALL)
    return [code for page in pages for code in fence.findall(page.read_text())]


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sample's models, and a store of its first 50 rows as the demo makes it."""
    folder = tmp_path_factory.mktemp("checkout")
    (folder / "models").symlink_to(ROOT / "models")
    request = EmbedRequest(
        corpus=CorpusSpec(
            name="wordnet",
            path=str(ROOT / "samples/wordnet12.parquet"),
            id_column="id",
            carry_columns=("label", "text"),
            limit=50,
        ),
        encoder=EncoderSpec(model=str(folder / FOLDER), device="cpu"),
        poolings=(PoolingSpec(strategy="mean"), PoolingSpec(strategy="cls")),
        store=StoreSpec(path=str(folder / "store")),
    )
    work = plan_work(request)
    receipts = tuple(embed_step(work.job, work.chunks))
    publish_work(work, Ended(run="docs", started_at=datetime.now(UTC), receipts=receipts))
    return folder


@pytest.mark.parametrize("code", blocks("python", "README.md", "docs/operating.md"))
def test_python_of_the_pages_runs(
    code: str, checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(checkout)

    exec(compile(code.replace(HUB_ID, FOLDER), "README.md", "exec"), {})


def test_the_vectors_of_the_readme_keep_their_length(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(checkout)
    (code,) = [code for code in blocks("python", "README.md") if "import duckdb" in code]
    values: dict[str, object] = {}
    exec(compile(code, "README.md", "exec"), values)

    assert "Array(Float32, shape=(384,))" in repr(values["vectors"].schema)  # type: ignore[attr-defined]


def test_the_query_of_the_readme_finds_the_document_itself_first(checkout: Path) -> None:
    query, _ = blocks("sql", "README.md")
    with duckdb.connect(str(checkout / "store/catalog.duckdb"), read_only=True) as connection:
        rows = connection.execute(query).fetchall()

    assert len(rows) == 3
    assert rows[0][:2] == (
        "noun-04240434",
        "a friction clutch that will slip when the torque is too great",
    )
    assert rows[0][2] == pytest.approx(1)


def test_the_query_of_the_readme_about_labels_runs_before_there_are_any(checkout: Path) -> None:
    _, query = blocks("sql", "README.md")
    with duckdb.connect(str(checkout / "store/catalog.duckdb"), read_only=True) as connection:
        assert connection.execute(query).fetchall() == []


def test_the_row_of_the_readme_is_the_row_that_comes_out(checkout: Path) -> None:
    shown = re.search(
        r"^\| noun-04240434 \| (\d+) \| (\w+) \| \[(.+), \.\.\.\]", readme(), re.MULTILINE
    )
    query = "SELECT n_tokens, truncated, vector FROM all_minilm_l6_v2_mean LIMIT 1"
    with duckdb.connect(str(checkout / "store/catalog.duckdb"), read_only=True) as connection:
        ((n_tokens, truncated, vector),) = connection.execute(query).fetchall()

    assert shown is not None
    assert shown[1] == str(n_tokens)
    assert shown[2] == str(truncated).lower()
    assert [float(number) for number in shown[3].split(", ")] == pytest.approx(vector[:3], abs=1e-4)


def readme() -> str:
    return (ROOT / "README.md").read_text()
