"""Run records: what a run was asked, and what it did. Knows no Prefect; a run is a name."""

import re
from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, JsonValue

from data.lineage import canonical_json
from data.stores.store import Store, read_bytes

RunState = Literal["completed", "incomplete"]


class Counts(BaseModel):
    """What was done, of a chunk or of a whole run; "encoded" is texts that went through the model.

    `rejected` rows are no documents; `without_vector` counts documents that a space rejected.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    documents: int = 0
    rejected: int = 0
    without_vector: int = 0
    encoded: int = 0
    reused: int = 0
    duplicates: int = 0
    tokens: int = 0
    truncated: int = 0
    device_seconds: float = 0.0
    wait_seconds: float = 0.0


class DriftFigure(BaseModel):
    """A statistic of what one labeler decided in this run, and the most that is not unusual.

    `limit` is for as many documents as `n`. `look`: somebody should.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    labeler: str
    version: str
    statistic: str
    value: float
    limit: float
    n: int
    look: bool


class AuditDraw(BaseModel):
    """A document that was drawn at random, for a person to say whether its labels are right.

    It holds what was decided, which a later run may not show any more; `text_hash` is in hex.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    chunk: str
    row: int
    doc_id: str
    text_hash: str
    labeler: str
    version: str
    labels: tuple[str, ...]
    is_auto: bool


class RunRecord(Counts):
    """One run. Counts are of this run alone.

    `labelers` are datasets. A document that two labelers labelled counts twice in `labelled`. What
    a run labelled and that is not `looked_at` is for the next one to judge and to draw from.
    """

    run: str
    state: RunState
    corpus: str
    plan: str
    spaces: tuple[str, ...]
    started_at: datetime
    ended_at: datetime
    asked: dict[str, JsonValue]
    failures: tuple[str, ...] = ()
    labelers: tuple[str, ...] = ()
    labelled: int = 0
    for_review: int = 0
    looked_at: bool = True
    drift: tuple[DriftFigure, ...] = ()
    audit: tuple[AuditDraw, ...] = ()


def save_run(store: Store, record: RunRecord) -> None:
    """Keep the record; a run that is tried again has one for each time."""
    name = re.sub(r"[^A-Za-z0-9_.-]", "_", record.run)
    content = canonical_json(record.model_dump(mode="json"))
    times = 1
    while not store.create(f"runs/{name}{f'-{times}' if times > 1 else ''}.json", content):
        times += 1


def load_runs(store: Store) -> list[RunRecord]:
    """Every run of the store, oldest first."""
    names = store.list("runs")
    runs = [RunRecord.model_validate_json(read_bytes(store, f"runs/{name}")) for name in names]
    return sorted(runs, key=lambda run: run.started_at)
