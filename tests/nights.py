"""A small labelled corpus that is trained on and labelled night by night: no Prefect, no server."""

import shutil
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from data import CorpusSpec, load_plan, open_existing_store, promote, publish_catalog
from embedding import EncoderSpec
from pooling import PoolingSpec
from tasks.labelling.night import judge_night
from tasks.labelling.plan_labels import LabelWork, list_anew, plan_night
from tasks.labelling.publish import publish_night
from tasks.labelling.request import LabelRequest, NightSpec
from tasks.labelling.step import label_step
from tasks.labelling.summary import LabelSummary, NightEnded
from tasks.training.findings import EncoderPoolings, Training
from tasks.training.request import TrainingSpec, TrainRequest
from tasks.training.train import train_all

CARRIED = ("label", "text")
HALVES = {"test_share": 0.5}  # drift wants a test of 40 documents
# Each label has words of its own, so that any labeler learns it from a few texts.
WORDS = {
    "animal": ("a dog barks at the cat", "the horse and the cow graze", "birds fly over sheep"),
    "food": (
        "bread with butter and cheese",
        "a soup of onions and beans",
        "she bakes an apple pie",
    ),
    "money": ("the bank raised interest", "he owes debts and taxes", "prices on the stock market"),
}


def texts_of(label: str, count: int, start: int = 0) -> list[str]:
    """So many different texts of a label."""
    words = WORDS[label]
    return [f"{words[n % len(words)]} {n} times" for n in range(start, start + count)]


def write_rows(small: Any, name: str, rows: Sequence[tuple[str, Any]], **options: Any) -> Path:
    """A file of texts with their labels."""
    texts, labels = zip(*rows, strict=True)
    return small.write(name, list(texts), label=pa.array(labels), **options)  # type: ignore[no-any-return]


def labelled_rows(each: int = 30, start: int = 0) -> list[tuple[str, str]]:
    """Rows of every label, so many of each, in turns."""
    columns = [[(text, label) for text in texts_of(label, each, start)] for label in WORDS]
    return [row for rows in zip(*columns, strict=True) for row in rows]


def read_rows(path: Path) -> list[tuple[str, Any]]:
    """What `write_rows` wrote."""
    table = pq.read_table(path)
    return list(zip(table["text"].to_pylist(), table["label"].to_pylist(), strict=True))


def train(
    small: Any, *poolings: str | PoolingSpec, corpus: dict[str, Any] | None = None, **training: Any
) -> Training:
    """Embed what is missing, train on a half and test on the other; with the corpus's encoder."""
    asked = tuple(PoolingSpec.model_validate(pooling) for pooling in poolings or ("mean",))
    described = {"carry_columns": CARRIED} | (corpus or {})
    request = small.request(corpus=described, poolings=asked)
    small.embed(corpus=described, poolings=asked)
    found = train_all(
        TrainRequest(
            corpus=request.corpus,
            label_column="label",
            spaces=(EncoderPoolings(encoder=small.encoder, poolings=asked),),
            training=TrainingSpec(**{"split": HALVES} | training),
            store=request.store,
            run=request.run,
        )
    )
    for learned in found.spaces:
        small.embed(corpus=described, encoder=learned.encoder, poolings=learned.poolings)
    return found


def trained_corpus(small: Any, cache: Path) -> Training:
    """90 labelled rows in one file, and labelers for two poolings, the words, and a stack of all.

    What is made first is kept in the cache, and copied from there.
    """
    kept = cache / "training.json"
    if kept.exists():
        for name in ("sources", "store"):
            shutil.copytree(cache / name, small.sources.parent / name, dirs_exist_ok=True)
        publish_catalog(open_existing_store(str(small.store)))
        return Training.model_validate_json(kept.read_text())
    write_rows(small, "a.parquet", labelled_rows(30))
    found = train(small, "mean", "cls")
    for name in ("sources", "store"):
        shutil.copytree(small.sources.parent / name, cache / name, symlinks=True)
    kept.write_text(found.model_dump_json())
    return found


def put_in_force(small: Any, found: Training, *titles: str) -> None:
    """Promote these, by their titles without what all begin with."""
    store = open_existing_store(str(small.store))
    for title in titles:
        promote(store, found.labeler(f"{found.title}_{title}").name)


def request_night(small: Any, *labelers: str, **changes: Any) -> LabelRequest:
    """Chunks of 20 rows, in this process."""
    asked = small.request(corpus={"carry_columns": CARRIED} | changes.pop("corpus", {}), **changes)
    return LabelRequest(
        corpus=CorpusSpec.model_validate(asked.corpus),
        labelers=labelers,
        store=asked.store,
        night=NightSpec(device="cpu", audit=5),
        run=asked.run,
    )


def plan(small: Any, run: str, *labelers: str, **changes: Any) -> LabelWork:
    found = plan_night(request_night(small, *labelers, **changes), run)
    assert found is not None
    return found


def night(small: Any, run: str, *labelers: str, **changes: Any) -> LabelSummary:
    """A whole night; `small.num_forwarded` says how many texts went through the transformer."""
    work = plan(small, run, *labelers, **changes)
    small.num_forwarded = forwarded = 0
    for asked in work.to_embed:
        small.embed(
            corpus={"carry_columns": CARRIED},
            encoder=EncoderSpec.model_validate(asked.encoder),
            poolings=asked.poolings,
        )
        forwarded += small.num_forwarded
    small.num_forwarded = forwarded
    work = list_anew(work)
    names = [chunk.name for chunk in planned_chunks(small, work)]
    receipts = tuple(label_step(work.job, names))
    found = judge_night(work.job, receipts, work.request.night.audit)
    ended = NightEnded(started_at=datetime.now(UTC), receipts=receipts, night=found)
    return publish_night(work, ended)


def planned_chunks(small: Any, work: LabelWork) -> Sequence[Any]:
    return load_plan(open_existing_store(str(small.store)), work.job.plan).chunks
