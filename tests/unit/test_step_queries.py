"""Every query of docs/sql.md runs, on a small store made by the real model and its sample."""

from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from data import CorpusSpec, StoreSpec, open_existing_store, read_queries, run_query
from data.catalog.queries import QUERIES_PAGE
from embedding import EncoderSpec
from flows.demo import QUESTIONS
from flows.search import search
from pooling import PoolingSpec
from tasks.fit_ranges import RangesRequest, fit
from tasks.plan_corpus import EmbedRequest, plan_work
from tasks.publish_corpus import publish_work
from tasks.run_spec import RunSpec
from tasks.step import embed_step
from tasks.stored_spaces import FingerprintMismatch
from tasks.summary import Ended
from tests.labelled_store import label_corpus

ROOT = Path(__file__).parents[2]
QUERIES = read_queries()


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory, minilm: Path) -> Path:
    """300 glosses in five spaces; then one more that is a duplicate, and one without a text.

    They have labels, though no labeler was trained.
    """
    folder = tmp_path_factory.mktemp("queries")
    glosses = pq.read_table(ROOT / "samples/wordnet12.parquet")[:300]
    first = glosses.slice(0, 1).to_pylist()[0]
    added = [first | {"id": "again"}, first | {"id": "empty", "text": ""}]
    more = pa.concat_tables([glosses, pa.Table.from_pylist(added, glosses.schema)])
    pq.write_table(glosses, folder / "wordnet12.parquet")
    ranges = fit_mean(folder, minilm)
    for table in (glosses, more):
        pq.write_table(table, folder / "wordnet12.parquet")
        embed(folder, minilm, ranges)
    label_corpus(open_existing_store(str(folder / "store")), "all_minilm_l6_v2_mean")
    return folder / "store"


def fit_mean(folder: Path, model: Path) -> str:
    """The name of the ranges of all 300 glosses."""
    request = RangesRequest(
        corpus=corpus_in(folder),
        encoder=EncoderSpec(model=str(model), device="cpu"),
        pooling=PoolingSpec(strategy="mean"),
        store=StoreSpec(path=str(folder / "store")),
    )
    return fit(request).name


def corpus_in(folder: Path) -> CorpusSpec:
    return CorpusSpec(
        name="wordnet",
        path=str(folder / "wordnet12.parquet"),
        id_column="id",
        carry_columns=("label", "text"),
    )


def embed(folder: Path, model: Path, ranges: str) -> None:
    request = EmbedRequest(
        corpus=corpus_in(folder),
        encoder=EncoderSpec(model=str(model), device="cpu"),
        poolings=(
            PoolingSpec(strategy="mean"),
            PoolingSpec(strategy="cls"),
            PoolingSpec(strategy="mean", precision="float16"),
            PoolingSpec(strategy="mean", precision="binary"),
            PoolingSpec(strategy="mean", precision="int8", ranges=ranges),
        ),
        store=StoreSpec(path=str(folder / "store")),
        run=RunSpec(chunk_rows=100),
    )
    work, now = plan_work(request), datetime.now(UTC)
    receipts = tuple(embed_step(work.job, work.chunks))
    publish_work(work, Ended(run=f"run-{now.timestamp()}", started_at=now, receipts=receipts))


def test_every_query_of_the_page_is_among_them() -> None:
    assert len(QUERIES) == QUERIES_PAGE.read_text().count("```sql") == 31


def test_the_demo_asks_questions_of_the_page() -> None:
    assert set(QUESTIONS) <= set(QUERIES)


@pytest.mark.parametrize("title", QUERIES)
def test_a_query_of_the_page_runs_and_answers(title: str, store: Path) -> None:
    names, rows = run_query(store / "catalog.duckdb", QUERIES[title])

    assert names
    assert rows


@pytest.mark.parametrize("way", ["in float16", "in int8", "by bits, ordered by floats"])
def test_smaller_vectors_have_the_same_nearest_neighbours(way: str, store: Path) -> None:
    catalog = store / "catalog.duckdb"
    _, floats = run_query(catalog, QUERIES["Nearest neighbours of one document"])
    _, found = run_query(catalog, QUERIES[f"Nearest neighbours {way}"])

    assert {text for *_, text in found[:3]} == {text for *_, text in floats[:3]}


def test_rows_per_space_are_those_that_were_embedded(store: Path) -> None:
    _, rows = run_query(store / "catalog.duckdb", QUERIES["Rows per space"])

    assert [row[:4] for row in rows] == [
        ("all_minilm_l6_v2_cls", "wordnet", 384, 301),
        ("all_minilm_l6_v2_mean", "wordnet", 384, 301),
        ("all_minilm_l6_v2_mean_binary", "wordnet", 384, 301),
        ("all_minilm_l6_v2_mean_f16", "wordnet", 384, 301),
        ("all_minilm_l6_v2_mean_int8", "wordnet", 384, 301),
    ]


@pytest.mark.parametrize(
    ("precision", "tolerance"), [("", 1e-5), ("_f16", 1e-3), ("_int8", 0.02), ("_binary", 1e-3)]
)
def test_a_search_for_a_stored_text_finds_that_document_first(
    store: Path, precision: str, tolerance: float
) -> None:
    query = "SELECT doc_id, text FROM documents ORDER BY file, row LIMIT 1 OFFSET 123"
    _, ((doc_id, text),) = run_query(store / "catalog.duckdb", query)

    found = search(str(store), str(text), space=f"all_minilm_l6_v2_mean{precision}", top=3)

    assert found["doc_id"][0] == doc_id
    assert found["similarity"][0] == pytest.approx(1, abs=tolerance)


def test_a_search_in_an_unknown_space_names_the_known_ones(store: Path) -> None:
    with pytest.raises(ValueError, match=r"no space 'max' .*all_minilm_l6_v2_mean.*--space"):
        search(str(store), "a large wild cat", space="max")


def test_a_search_with_another_model_than_the_store_s_is_refused(
    store: Path, tiny_bert: Path
) -> None:
    with pytest.raises(FingerprintMismatch, match=r"weights.* differ.*--model"):
        search(str(store), "a large wild cat", model=str(tiny_bert))
