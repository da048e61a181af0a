"""Labelled data as labelers are measured on them: examples, their vectors, and trained labelers.

Whatever took long is kept in an ignored folder, under the hash of all that it depends on.
"""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from safetensors.numpy import load_file, save_file

from benchmarks.corpora import MODEL
from benchmarks.label_vectors import POOLINGS, embed_texts
from benchmarks.results import CACHE, console
from embedding import EncoderSpec
from labeling import (
    EnsembleSpec,
    Examples,
    HeadSpec,
    LabelledTexts,
    Member,
    MemberOptions,
    Predictions,
    SpaceSource,
    SplitSpec,
    decide,
    labeler_from_bytes,
    labeler_to_bytes,
    prepare_examples,
    train_ensemble,
    train_head,
    train_text_head,
)
from pooling import PoolingSpec

MEMBERS = CACHE / "label_members"
MANY_ROWS = 20_000
# Of more rows than that, the penalty is chosen from two: each costs four fits.
FEW_PENALTIES = [0.01, 0.1]


@dataclass(frozen=True, slots=True)
class LabelData:
    """A labelled Parquet file, split, with an encoder to read it.

    Attributes:
        path: The file.
        examples: Its rows that can be used.
        notes: What was left out, and how it was split.
        encoder: As the vectors are made.
    """

    path: Path
    examples: Examples
    notes: str
    encoder: EncoderSpec

    @property
    def name(self) -> str:
        """Of the file, without its ending."""
        return self.path.stem

    @property
    def truth(self) -> np.ndarray:
        """Bool [test rows, labels]."""
        truth: np.ndarray = self.examples.indicator[self.examples.test]
        return truth

    @property
    def is_single(self) -> bool:
        """Whether each text has one label."""
        return self.examples.schema.task == "single_label"

    def vectors(self, pooling: str) -> np.ndarray:
        """Of all examples, in a pooling of POOLINGS; what is missing is embedded, all at once."""
        return embed_texts(self.examples.texts, self.encoder, POOLINGS)[pooling]

    def logistic(self, pooling: str) -> Member:
        """Logistic regression over the vectors of a pooling, its penalty chosen per space."""
        many = len(self.examples.train) > MANY_ROWS
        spec = HeadSpec(parameters={"c": FEW_PENALTIES} if many else {})
        return self.head(pooling, spec)

    def head(self, pooling: str, spec: HeadSpec) -> Member:
        """A head over the vectors of a pooling."""
        return self.vectors_head(pooling, self.vectors(pooling), POOLINGS[pooling], spec)

    def vectors_head(
        self, name: str, vectors: np.ndarray, pooling: PoolingSpec, spec: HeadSpec
    ) -> Member:
        """A head over vectors that were made elsewhere."""
        source = SpaceSource(space=name, name=name)
        options = MemberOptions(title=name)
        key = [self.encoder.model_dump(mode="json"), pooling.identity(), spec.model_dump()]
        return self.kept(
            f"{name}: {spec.head}",
            key,
            lambda: train_head(self.examples, vectors, source=source, spec=spec, options=options),
        )

    def tfidf(self) -> Member:
        """Logistic regression over TF-IDF: words, or characters where there are no spaces."""
        spec, options = HeadSpec(head="tfidf"), MemberOptions(title="tfidf")
        return self.kept(
            "tfidf",
            [spec.model_dump()],
            lambda: train_text_head(self.examples, spec=spec, options=options),
        )

    def ensemble(self, method: str, members: dict[str, Member]) -> Member:
        """An ensemble of members, by their names."""
        spec, options = EnsembleSpec(ensemble=method), MemberOptions(title=method)
        return self.kept(
            f"{method} of {len(members)}",
            [spec.model_dump(), *(_digest(each.held_probabilities) for each in members.values())],
            lambda: train_ensemble(self.examples, members, spec=spec, options=options),
        )

    def predictions(self, member: Member) -> Predictions:
        """What it says of the test rows."""
        return decide(member.test_probabilities, member.labeler.spec)

    def kept(self, what: str, key: Sequence[Any], train: Callable[[], Member]) -> Member:
        """The member of that key, trained if it is not there yet."""
        examples = self.examples
        parts = [*examples.texts, _digest(examples.indicator), _digest(examples.fold)]
        stem = MEMBERS / _hash(json.dumps([examples.schema.model_dump(), *parts, *key]))
        if not stem.with_suffix(".json").exists():
            console.print(f"training {what} on {self.name} ...", style="dim")
            _save(stem, train())
        return _load(stem)


def read_data(path: Path, *, max_tokens: int, split: SplitSpec | None = None) -> LabelData:
    """The rows of a file with the columns text, label or labels, and perhaps split.

    Raises:
        ValueError: They cannot be learned from; it says why.
    """
    table = pq.read_table(path)
    names = table.column_names
    label = next((name for name in ("label", "labels") if name in names), "label")
    columns = LabelledTexts(
        texts=table["text"].to_pylist(),
        labels=_column(table, label),
        split=table["split"].to_pylist() if "split" in names and split is None else None,
        label_column=label,
    )
    prepared = prepare_examples(columns, split or SplitSpec(on_rare="drop", on_missing="drop"))
    examples = prepared.examples
    left_out = [f"{one.count:,} {one.reason}" for one in prepared.excluded]
    return LabelData(
        path=path,
        examples=examples,
        notes=f"{len(examples.train):,} rows to train on, {len(examples.test):,} to test on, "
        f"{len(examples.schema.labels)} labels; left out: {', '.join(left_out) or 'none'}",
        encoder=EncoderSpec(model=str(MODEL), max_tokens=max_tokens, device="cpu"),
    )


def _column(table: pa.Table, name: str) -> pa.Array | None:
    return table[name].combine_chunks() if name in table.column_names else None


def _save(stem: Path, member: Member) -> None:
    about, tensors = labeler_to_bytes(member.labeler)
    stem.parent.mkdir(parents=True, exist_ok=True)
    stem.with_suffix(".labeler").write_bytes(tensors)
    arrays = {
        "held": member.held,
        "held_probabilities": member.held_probabilities,
        "test_probabilities": member.test_probabilities,
    }
    save_file(
        {name: np.ascontiguousarray(array) for name, array in arrays.items()},
        stem.with_suffix(".safetensors"),
    )
    stem.with_suffix(".json").write_text(json.dumps({"about": about, "seconds": member.seconds}))


def _load(stem: Path) -> Member:
    stated = json.loads(stem.with_suffix(".json").read_text())
    labeler = labeler_from_bytes(stated["about"], stem.with_suffix(".labeler").read_bytes())
    arrays = load_file(stem.with_suffix(".safetensors"))
    return Member(labeler=labeler, seconds=stated["seconds"], **arrays)


def _digest(array: np.ndarray) -> str:
    return hashlib.blake2b(np.ascontiguousarray(array).tobytes(), digest_size=8).hexdigest()


def _hash(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()
