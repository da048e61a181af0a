"""The tables of a catalog about what labelers' tests said, and the weights of linear labelers.

Knows the fields of an evaluation. One that makes no sense is left out, in a log: it stops nothing.
"""

import logging
from collections.abc import Iterator, Sequence

import duckdb
import numpy as np
from pydantic import BaseModel, ConfigDict, JsonValue, ValidationError
from safetensors import SafetensorError
from safetensors.numpy import load

from data.catalog.inserting import insert_rows
from data.catalog.label_tables import spaces_by_fingerprint
from data.labels.evaluations import load_evaluation
from data.labels.stored_labeler import StoredLabeler
from data.records.models import DamagedModel, load_model
from data.records.seals import Seal
from data.stores.store import OpenStore

_log = logging.getLogger(__name__)

_DDL = """
    CREATE TABLE evaluations (
        labeler TEXT, version TEXT, metric TEXT, label TEXT, value DOUBLE, low DOUBLE,
        high DOUBLE, support BIGINT, num_train BIGINT, num_test BIGINT);
    CREATE TABLE confusion (
        labeler TEXT, version TEXT, label TEXT, predicted TEXT, documents BIGINT);
    CREATE TABLE paired_tests (
        labeler TEXT, version TEXT, first TEXT, second TEXT, difference DOUBLE, low DOUBLE,
        high DOUBLE, p_value DOUBLE, num_test BIGINT);
    CREATE TABLE linear_heads (
        labeler TEXT, version TEXT, space TEXT, label TEXT, position INTEGER, weights DOUBLE[],
        bias DOUBLE, soft_share DOUBLE, softer DOUBLE);
"""
_OF_TEST = ConfigDict(frozen=True, extra="ignore")
_LINEAR = frozenset({"logistic_regression", "linear_svm", "linear"})
_FIGURES = ("ece_limit", "auto_share", "auto_precision")
_PER_LABEL = ("precision", "recall", "f1")

_Row = dict[str, JsonValue]


class _Metric(BaseModel):
    model_config = _OF_TEST

    name: str
    value: float
    low: float
    high: float


class _LabelMetrics(BaseModel):
    model_config = _OF_TEST

    label: str
    precision: float
    recall: float
    f1: float
    support: int


class _PairedTest(BaseModel):
    model_config = _OF_TEST

    first: str
    second: str
    difference: float
    low: float
    high: float
    p_value: float
    num_test: int


class _Evaluation(BaseModel):
    model_config = _OF_TEST

    num_train: int
    num_test: int
    metrics: tuple[_Metric, ...]
    per_label: tuple[_LabelMetrics, ...] = ()
    confusion: tuple[tuple[int, ...], ...] = ()
    ece_limit: float | None = None
    auto_share: float | None = None
    auto_precision: float | None = None
    paired_tests: tuple[_PairedTest, ...] = ()


def create_evaluation_tables(
    connection: duckdb.DuckDBPyConnection,
    store: OpenStore,
    seal: Seal,
    labelers: Sequence[StoredLabeler],
) -> None:
    """Create and fill them."""
    connection.execute(_DDL)
    spaces = spaces_by_fingerprint(store, seal)
    for labeler in labelers:
        named: _Row = {"labeler": labeler.title, "version": labeler.name}
        if found := _read_evaluation(store, labeler):
            tables = {
                "evaluations": [*_metric_rows(found), *_label_rows(found)],
                "confusion": list(_confusion_rows(found, labeler.label_schema.labels)),
                "paired_tests": [test.model_dump() for test in found.paired_tests],
            }
            for table, rows in tables.items():
                insert_rows(connection, table, [named | row for row in rows])
        space = spaces.get(labeler.source.space or "", labeler.source.name)
        heads = [named | {"space": space} | row for row in _head_rows(store, labeler)]
        insert_rows(connection, "linear_heads", heads)


def _read_evaluation(store: OpenStore, labeler: StoredLabeler) -> _Evaluation | None:
    try:
        found = load_evaluation(store, labeler.name)
        return None if found is None else _Evaluation.model_validate(found)
    except (DamagedModel, ValidationError) as error:
        _log.warning("the evaluation of %s is left out: %s", labeler.name, error)
        return None


def _metric_rows(found: _Evaluation) -> Iterator[_Row]:
    sizes: _Row = {"num_train": found.num_train, "num_test": found.num_test}
    for metric in found.metrics:
        row = metric.model_dump()
        yield {"metric": row.pop("name"), "label": None, **row, "support": None, **sizes}
    for name in _FIGURES:
        value: float | None = getattr(found, name)
        if value is not None:
            ends: _Row = {"value": value, "low": None, "high": None}
            yield {"metric": name, "label": None, **ends, "support": None, **sizes}


def _label_rows(found: _Evaluation) -> Iterator[_Row]:
    for each in found.per_label:
        for name in _PER_LABEL:
            yield {
                "metric": name,
                "label": each.label,
                "value": getattr(each, name),
                "low": None,
                "high": None,
                "support": each.support,
                "num_train": found.num_train,
                "num_test": found.num_test,
            }


def _confusion_rows(found: _Evaluation, labels: tuple[str, ...]) -> Iterator[_Row]:
    for label, counts in zip(labels, found.confusion, strict=False):
        for predicted, documents in zip(labels, counts, strict=False):
            if documents:
                yield {"label": label, "predicted": predicted, "documents": documents}


def _head_rows(store: OpenStore, labeler: StoredLabeler) -> Iterator[_Row]:
    """One row per label, logits calibrated; none of a head that is not linear in the vector."""
    if labeler.source.kind != "space" or labeler.method.name not in _LINEAR:
        return
    try:
        tensors = load(load_model(store, labeler.name).tensors)
    except (DamagedModel, SafetensorError) as error:
        _log.warning("the weights of %s are left out: %s", labeler.name, error)
        return
    labels = labeler.label_schema.labels
    if set(tensors) != {"weights", "bias"} or len(tensors["weights"]) != len(labels):
        return
    scale = np.array(labeler.calibration.scale)
    weights = scale[:, None] * tensors["weights"].astype(np.float64)
    bias = scale * tensors["bias"].astype(np.float64) + np.array(labeler.calibration.shift)
    for number, label in enumerate(labels):
        yield {
            "label": label,
            "position": number + 1,
            "weights": weights[number].tolist(),
            "bias": float(bias[number]),
            "soft_share": labeler.calibration.soft_share,
            "softer": labeler.calibration.soft_scale / scale[0],
        }
