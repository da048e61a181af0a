"""What a labeler's test said, kept beside the labeler and no part of its identity.

Knows two files: `evaluation.json`, and `heldout.parquet` with what the labeler said of each
document of the test.
"""

import json
from collections.abc import Iterable

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import JsonValue

from data.labels.labelers import load_labeler
from data.lineage import canonical_json
from data.records.models import DamagedModel
from data.records.small_tables import as_schema, write_table
from data.schemas import heldout_schema
from data.stores.file_errors import is_damage
from data.stores.store import Store, read_bytes

_EVALUATION, _HELDOUT = "evaluation.json", "heldout.parquet"


def save_evaluation(
    store: Store, name: str, evaluation: dict[str, JsonValue], heldout: pa.Table
) -> bool:
    """Keep what a labeler's test said; False if it is there already, which then stays.

    `evaluation` has the fields of an evaluation and, under `paired_tests`, a list of those.
    `heldout` has the columns of `heldout_schema`, in any order.

    Raises:
        ValueError: columns of `heldout` are missing or of another type; the labeler is unknown.
    """
    labeler = load_labeler(store, name)
    schema = heldout_schema(len(labeler.label_schema.labels))
    content = write_table(as_schema(heldout, schema, f"the test of {labeler.name}"))
    store.create(f"models/{labeler.name}/{_HELDOUT}", content)
    return store.create(f"models/{labeler.name}/{_EVALUATION}", canonical_json(evaluation))


def load_evaluation(store: Store, name: str) -> dict[str, JsonValue] | None:
    """What the labeler's test said; None if it was never tested.

    Raises:
        DamagedModel: the file is no JSON.
    """
    try:
        found = json.loads(read_bytes(store, f"models/{name}/{_EVALUATION}"))
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise DamagedModel(
            f"models/{name}/{_EVALUATION} is damaged ({error}). Remove it and train again."
        ) from error
    assert isinstance(found, dict)
    return found


def read_heldout(store: Store, name: str, columns: Iterable[str] | None = None) -> pa.Table | None:
    """The documents of the labeler's test; None if it was never tested.

    Raises:
        DamagedModel: the file cannot be read.
    """
    key = f"models/{name}/{_HELDOUT}"
    try:
        with store.read(key) as file:
            wanted = None if columns is None else list(columns)
            return pq.read_table(file, columns=wanted, page_checksum_verification=True)
    except FileNotFoundError:
        return None
    except (OSError, pa.ArrowException) as error:
        if not is_damage(error):
            raise
        raise DamagedModel(f"{key} is damaged ({error}). Remove it and train again.") from error


def evaluated_labelers(store: Store) -> list[str]:
    """The names of the labelers that were tested."""
    names = store.list("models")
    return [name for name in names if _EVALUATION in store.list(f"models/{name}")]


def heldout_key(store: Store, name: str) -> str | None:
    """Where the documents of the labeler's test are; None if it was never tested."""
    there = _HELDOUT in store.list(f"models/{name}")
    return f"models/{name}/{_HELDOUT}" if there else None
