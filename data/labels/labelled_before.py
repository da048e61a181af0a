"""Which texts a dataset of labels has had labels for before a run, wherever they stood then.

Knows records and parts. Chunks that no plan holds any more count, too: a text whose file was
rewritten is not new.
"""

from collections.abc import Sequence

import duckdb
import numpy as np
import polars as pl
import pyarrow as pa

from data.lineage import LabelerLineage, slug
from data.records.datasets import committed_chunks, load_dataset, read_records
from data.sql import DAMAGES, bounded_memory, read_parts
from data.stores.store import OpenStore, StoreError

_MEMORY = "512MB"

_FIND = """
    SELECT DISTINCT wanted.text_hash
    FROM wanted SEMI JOIN (SELECT text_hash FROM {parts} WHERE run <> $run) USING (text_hash)
"""


def label_datasets(store: OpenStore, title: str) -> list[str]:
    """The datasets of all versions of a labeler."""
    stem = f"{slug(title)}-"
    names = (name for name in store.list("datasets") if name.startswith(stem))
    return [name for name in names if isinstance(load_dataset(store, name).lineage, LabelerLineage)]


def labelled_before(
    store: OpenStore, datasets: Sequence[str], run: str, hashes: pa.Array
) -> np.ndarray:
    """Bool, for each hash: whether a run other than this labelled the text in one of the datasets.

    A part that was removed since is passed over.

    Raises:
        StoreError: A part cannot be read.
    """
    paths = [path for dataset in datasets for path in _part_paths(store, dataset)]
    wanted = pa.table({"text_hash": hashes.cast(pa.binary())})
    if not paths or not len(hashes):
        return np.zeros(len(hashes), bool)
    query = _FIND.format(parts=read_parts(paths))
    try:
        with bounded_memory(store, _MEMORY) as connection:
            connection.register("wanted", wanted)
            found = pl.DataFrame(connection.execute(query, {"run": run}).to_arrow_table())
    except (*DAMAGES, duckdb.InvalidInputException) as error:
        raise StoreError(
            f"labels that were made before cannot be read ({str(error).splitlines()[0]}). Type "
            "python -m data verify STORE, which says of what is damaged how to mend it."
        ) from error
    return pl.DataFrame(wanted)["text_hash"].is_in(found["text_hash"].implode()).to_numpy()


def _part_paths(store: OpenStore, dataset: str) -> list[str]:
    there = set(store.list(f"datasets/{dataset}/parts"))
    records = read_records(store, dataset, sorted(committed_chunks(store, dataset)))
    keys = (record.part.key for record in records if record.part)
    return [store.location(key) for key in keys if key.rsplit("/", 1)[1] in there]
