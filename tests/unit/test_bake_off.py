"""The bake-off on a small labelled corpus and a real, tiny encoder."""

import re
from datetime import UTC, datetime
from pathlib import Path

import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from data import CorpusSpec, StoreSpec, labeler_names, load_evaluation, open_existing_store
from embedding import EncoderSpec
from labeling import EnsembleSpec, HeadSpec
from pooling import PoolingSpec
from tasks.compare_labelers import compare_and_report
from tasks.comparing.comparison import Comparison, Reported
from tasks.comparing.poolings import fixed_poolings
from tasks.comparing.recommendation import chosen
from tasks.plan_corpus import EmbedRequest, plan_work
from tasks.publish_corpus import publish_work
from tasks.run_spec import RunSpec
from tasks.step import embed_step
from tasks.summary import Ended
from tasks.training.findings import EncoderPoolings
from tasks.training.request import TrainingSpec, TrainRequest

ROOT = Path(__file__).parents[2]
LABELS = ["noun.animal", "noun.food", "noun.time"]
POOLINGS = (
    PoolingSpec(strategy="mean"),
    PoolingSpec(strategy="max"),
    PoolingSpec(strategy="mean", layers=(-2, -1), combine="concat"),
)


@pytest.fixture(scope="module")
def request_(tmp_path_factory: pytest.TempPathFactory, tiny_bert: Path) -> TrainRequest:
    """375 glosses of three labels, embedded with three poolings."""
    folder = tmp_path_factory.mktemp("bake_off")
    glosses = pq.read_table(ROOT / "samples/wordnet12.parquet")
    chosen_rows = glosses.filter(pc.is_in(glosses["label"], value_set=pc.cast(LABELS, "string")))
    pq.write_table(
        chosen_rows.take(list(range(0, chosen_rows.num_rows, 4))), folder / "glosses.parquet"
    )
    corpus = CorpusSpec(
        name="pets",
        path=str(folder / "glosses.parquet"),
        id_column="id",
        carry_columns=("label", "text"),
    )
    encoder, store = EncoderSpec(model=str(tiny_bert)), StoreSpec(path=str(folder / "store"))
    asked = EmbedRequest(corpus=corpus, encoder=encoder, poolings=POOLINGS, store=store)
    work = plan_work(asked)
    receipts = tuple(embed_step(work.job, work.chunks))
    publish_work(work, Ended(run="embed", started_at=datetime.now(UTC), receipts=receipts))
    heads = (HeadSpec(parameters={"c": [0.01]}),)
    return TrainRequest(
        corpus=corpus,
        label_column="label",
        spaces=(EncoderPoolings(encoder=encoder, poolings=POOLINGS),),
        training=TrainingSpec(
            heads=heads, ensembles=(EnsembleSpec(), EnsembleSpec(ensemble="soft_vote"))
        ),
        store=store,
        run=RunSpec(),
    )


@pytest.fixture(scope="module")
def reported(request_: TrainRequest) -> Reported:
    return compare_and_report(request_)


@pytest.fixture
def found(reported: Reported) -> Comparison:
    return reported.comparison


def test_every_pooling_the_words_the_ensembles_and_the_control_are_compared(
    found: Comparison,
) -> None:
    assert {each.name for each in found.labelers} == {
        "words (tfidf)",
        "mean",
        "max",
        "mean of layers -2 and -1, concat",
        "stack of all 4",
        "soft_vote of all 4",
        "stack of 3 without words",
        f"stack of {found.dense} and words",
        "vote of 3 poolings (mlp)",
        "vote of 3 seeds (mlp)",
    }


def test_every_labeler_is_tested_against_the_best_single_one_and_against_mean(
    found: Comparison,
) -> None:
    names = [each.name for each in found.labelers]

    for other in (found.single, found.plain):
        assert other is not None
        assert [n for n in names if n != other and found.test(n, other) is None] == []
    assert found.test(found.dense, found.text) is not None
    assert found.seed_control is not None


def test_the_choice_is_made_out_of_fold(found: Comparison) -> None:
    kept = [each for each in found.labelers if each.labeler is not None]

    assert found.leader == max(kept, key=lambda each: each.held_quality).name


def test_all_but_the_control_are_in_the_store_with_their_evaluations_and_tests(
    found: Comparison, request_: TrainRequest
) -> None:
    store = open_existing_store(request_.store.path)
    names = [each.labeler for each in found.labelers if each.labeler is not None]

    assert sorted(names) == sorted(labeler_names(store))
    said = load_evaluation(store, names[-1])
    assert said is not None
    others = {test["first"] for test in said["paired_tests"]}  # type: ignore[index,union-attr]
    assert len(others) >= 1


def test_what_a_million_documents_cost_is_read_off_the_run(found: Comparison) -> None:
    by_name = {each.name: each.cost for each in found.labelers}

    assert by_name["mean"].vector_bytes == 128 * 4 * 1_000_000
    assert by_name["stack of all 4"].vector_bytes == (128 + 128 + 256) * 4 * 1_000_000
    assert by_name["words (tfidf)"].vector_bytes == 0
    seconds = by_name["mean"].encode_seconds
    assert seconds is not None
    assert seconds > 0
    assert by_name["stack of all 4"].encode_seconds == seconds  # one forward pass gives all


def test_the_page_is_in_the_store(reported: Reported, request_: TrainRequest) -> None:
    page = Path(reported.page)

    assert page.parent == Path(request_.store.path).absolute() / "reports"
    assert re.search(
        f"<h2>The labeler to use: {re.escape(chosen(reported.comparison))}", read(page)
    )
    assert "The texts of the test" in read(page)


def read(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def test_one_pooling_has_no_control(request_: TrainRequest) -> None:
    alone = EncoderPoolings(encoder=request_.spaces[0].encoder, poolings=POOLINGS[1:2])
    training = request_.training.model_copy(update={"title": "alone"})
    request = request_.model_copy(update={"spaces": (alone,), "training": training})

    comparison = compare_and_report(request).comparison

    assert comparison.seed_control is None
    assert [each.name for each in comparison.labelers if each.family == "ensemble"] == [
        "stack of all 2",  # of the pooling and the words: no part of it is another ensemble
        "soft_vote of all 2",
    ]
    assert comparison.plain is None


def test_poolings_without_a_name_are_all_that_the_model_can_give(
    minilm: Path, tiny_bert: Path
) -> None:
    large = fixed_poolings(EncoderSpec(model=str(minilm)))
    small = fixed_poolings(EncoderSpec(model=str(tiny_bert)))

    assert {"pooler", "mean", "cls", "top_k_mean"} <= {each.strategy for each in large}
    assert [each.layers for each in large if len(each.layers) == 4] == [(-4, -3, -2, -1)] * 2
    assert [each.layers for each in small if len(each.layers) == 4] == []  # it has two layers
    assert not any(each.needs_weights for each in large)
