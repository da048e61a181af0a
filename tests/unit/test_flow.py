"""The flow's own decisions, by hand, and the form that Prefect draws from its parameters."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from prefect.states import Failed
from prefect.utilities.callables import parameter_schema
from prefect.utilities.importtools import import_object

import flows.compare_poolings
from data import CorpusSpec, StoreError, StoreSpec
from data.stores.store import DiskFull
from embedding import EncoderSpec
from flows.embed_corpus import embed_corpus
from flows.fit_ranges import fit_ranges
from flows.fit_token_weights import fit_token_weights
from labeling import ENSEMBLES
from pooling import POOLERS, PoolingSpec
from tasks.embed_chunks import embed_chunks
from tasks.job import ChunkReceipt
from tasks.pacing import MAX_TASKS, chunks_a_task, too_many_rejects
from tasks.retrying import is_worth_a_retry
from tasks.run_spec import RunSpec
from tasks.training.request import TrainingSpec

ROOT = Path(__file__).parents[2]
SPECS = (CorpusSpec, EncoderSpec, PoolingSpec, StoreSpec, RunSpec)


def receipt(**counts: Any) -> ChunkReceipt:
    return ChunkReceipt(**{"chunk": "c", "place": "a.parquet rows 0-9", "rows": 1000} | counts)


@pytest.mark.parametrize(
    ("seconds", "pending", "tasks_left", "expected"),
    [
        ([10.0, 10.0], 50, 999, 3),  # three chunks of 10 s are 30 s
        ([0.01], 50, 999, 2),  # one that was reused says little of the others
        ([0.0, 0.0], 50, 999, 4),  # nor do two that could not be read
        ([10.0, 20.0], 50, 999, 2),  # 15 s each
        ([45.0], 50, 999, 1),  # one is long enough
        ([10.0], 9_000, 999, 10),  # too many chunks for tasks of three
        ([10.0], 4, 0, 4),  # no task is left: all in one
        ([], 7, 999, 1),  # nothing was owed after all, nothing is known of speed
    ],
)
def test_a_task_takes_30_seconds_and_the_tasks_suffice(
    seconds: list[float], pending: int, tasks_left: int, expected: int
) -> None:
    made = [receipt(seconds=each) for each in seconds]

    assert chunks_a_task(made, pending, tasks_left) == expected


def test_the_largest_plan_needs_no_more_than_the_most_tasks() -> None:
    pending, tasks = 1_000_000, 0
    while pending > 0:
        size = chunks_a_task([receipt(seconds=60.0)], pending, MAX_TASKS - tasks)
        pending, tasks = pending - size, tasks + 1

    assert tasks <= MAX_TASKS


@pytest.mark.parametrize(
    ("receipts", "has_more", "stops"),
    [
        ([receipt(rejected=900)], False, False),  # exactly the limit
        ([receipt(rejected=901)], False, True),
        ([receipt(rejected=901)], True, True),
        ([receipt(rows=999, rejected=999)], True, False),  # too few rows to judge by
        ([receipt(rows=2, rejected=2)], False, False),  # nor at the end, in a corpus of good rows
        ([receipt(rejected=950), receipt(rejected=0)], True, False),
        ([receipt(failure="unreadable")], False, False),
        ([], False, False),
    ],
    ids=str,
)
def test_a_run_stops_when_too_many_rows_are_rejected(
    receipts: list[ChunkReceipt], has_more: bool, stops: bool
) -> None:
    said = too_many_rejects(receipts, 0.9, has_more=has_more, count_all=lambda: (5000, 2))

    assert (said is not None) is stops


def test_a_small_corpus_of_rejects_alone_stops_its_run() -> None:
    few = [receipt(rows=6, rejected=6)]

    assert too_many_rejects(few, 0.9, has_more=False, count_all=lambda: (6, 6)) is not None


def test_too_many_rejects_say_how_many_and_which_setting() -> None:
    said = too_many_rejects([receipt(rejected=990)], 0.9, has_more=False, count_all=lambda: (0, 0))

    assert said is not None
    for words in ("990 of 1000 rows", "run.max_reject_share (90%)", "corpus.text_columns"):
        assert words in said


@pytest.mark.parametrize(
    ("error", "is_worth_it"),
    [
        (OSError("the network is down"), True),
        (ConnectionResetError("by peer"), True),
        (DiskFull("the disk is full"), False),
        (StoreError("no store"), False),
        (ValueError("no column 'text'"), False),
        (MemoryError("one text does not fit"), False),
        (RuntimeError("CUDA error"), False),
    ],
    ids=str,
)
def test_only_what_time_can_cure_is_tried_again(error: Exception, is_worth_it: bool) -> None:
    state: Any = Failed(data=error)

    assert is_worth_a_retry(embed_chunks, None, state) is is_worth_it  # type: ignore[arg-type]


@pytest.mark.parametrize("spec", SPECS)
def test_every_setting_says_in_the_form_what_it_is(spec: Any) -> None:
    definition = parameter_schema(embed_corpus).definitions[spec.__name__]

    for name, field in spec.model_fields.items():
        assert field.description, f"{spec.__name__}.{name}"
        assert definition["properties"][name]["description"] == field.description


@pytest.mark.parametrize("flow", [embed_corpus, fit_ranges, fit_token_weights])
def test_every_parameter_of_a_flow_says_in_the_form_what_it_is(flow: Any) -> None:
    schema = parameter_schema(flow)

    for name, shown in schema.properties.items():
        definition = schema.definitions.get(str(shown.get("$ref")).rsplit("/", 1)[-1], {})
        assert shown.get("description") or definition.get("description"), name
    assert schema.required == ["corpus", "encoder"]


def test_the_form_offers_the_poolings_by_name() -> None:
    strategy = parameter_schema(embed_corpus).definitions["PoolingSpec"]["properties"]["strategy"]

    assert strategy["enum"] == list(POOLERS)


@pytest.mark.parametrize(
    "deployment", yaml.safe_load((ROOT / "prefect.yaml").read_text())["deployments"]
)
def test_the_parameters_of_every_deployment_validate(deployment: dict[str, Any]) -> None:
    flow = import_object(deployment["entrypoint"])
    parameters = flow.validate_parameters(deployment["parameters"])

    assert flow.name == deployment["name"]
    assert isinstance(parameters["corpus"], CorpusSpec)


def test_poolings_may_be_given_by_name_alone() -> None:
    parameters = embed_corpus.validate_parameters(
        {"corpus": {"name": "c", "path": "p"}, "encoder": {"model": "m"}, "poolings": ["mean"]}
    )

    assert parameters["poolings"] == (PoolingSpec(strategy="mean"),)


def test_comparing_takes_every_ensemble_unless_some_are_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[Any] = []
    monkeypatch.setattr(flows.compare_poolings, "_compare", asked.append)

    def compare(**training: Any) -> None:
        corpus = CorpusSpec(name="news", path="texts", carry_columns=("topic",))
        flows.compare_poolings.compare_poolings.fn(
            corpus, "topic", EncoderSpec(model="m"), ("mean",), training=TrainingSpec(**training)
        )

    compare(max_rows=50)
    compare(ensembles=("stack",))

    found = [[each.ensemble for each in request.training.ensembles] for request in asked]
    assert found == [list(ENSEMBLES), ["stack"]]
    assert asked[0].training.max_rows == 50
    with pytest.raises(ValueError, match=r"train-labeler.*flows\.promote"):
        compare(promote=True)
