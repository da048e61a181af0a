"""Data at rest: corpus, plan, store, catalog. Code only; the sample texts are in samples/.

Knows Parquet, commit records and DuckDB. Does not know torch, Prefect, or any other room.
"""

from data.catalog import CATALOG, newest_catalog, publish_catalog
from data.chunks import Chunk
from data.corpus import CorpusSpec
from data.datasets import (
    ChunkStatistics,
    Record,
    commit,
    committed_chunks,
    discard_parts,
    load_dataset,
    new_attempt,
    read_record,
    resolve_dataset,
)
from data.lineage import (
    Dataset,
    DocumentsLineage,
    Precision,
    Provenance,
    SpaceLineage,
    fingerprint,
    slug,
)
from data.local_store import LocalStore
from data.models import DamagedModel, StoredModel, load_model, save_model
from data.neighbours import nearest_documents, space_datasets
from data.opening import has_store, look_into_store, open_existing_store, open_store
from data.parts import (
    DamagedPart,
    PartWriter,
    describe_part,
    part_keys,
    vector_array,
    vector_problems,
    write_part,
)
from data.plan import Plan, load_plan, make_plan, pending_chunks, save_plan
from data.queries import read_queries, run_query
from data.reading import ChunkFailure, ChunkRows, read_chunks
from data.reuse import Reuse, find_reuse
from data.runs import Counts, RunRecord, save_run
from data.sampling import sample_texts
from data.schemas import REJECTS, space_schema
from data.sealing import seal_corpus
from data.seals import SealOutcome, SealRequest, newest_seal
from data.store import Store, StoreError, StoreSpec
from data.views import space_names

__all__ = [
    "CATALOG",
    "REJECTS",
    "Chunk",
    "ChunkFailure",
    "ChunkRows",
    "ChunkStatistics",
    "CorpusSpec",
    "Counts",
    "DamagedModel",
    "DamagedPart",
    "Dataset",
    "DocumentsLineage",
    "LocalStore",
    "PartWriter",
    "Plan",
    "Precision",
    "Provenance",
    "Record",
    "Reuse",
    "RunRecord",
    "SealOutcome",
    "SealRequest",
    "SpaceLineage",
    "Store",
    "StoreError",
    "StoreSpec",
    "StoredModel",
    "commit",
    "committed_chunks",
    "describe_part",
    "discard_parts",
    "find_reuse",
    "fingerprint",
    "has_store",
    "load_dataset",
    "load_model",
    "load_plan",
    "look_into_store",
    "make_plan",
    "nearest_documents",
    "new_attempt",
    "newest_catalog",
    "newest_seal",
    "open_existing_store",
    "open_store",
    "part_keys",
    "pending_chunks",
    "publish_catalog",
    "read_chunks",
    "read_queries",
    "read_record",
    "resolve_dataset",
    "run_query",
    "sample_texts",
    "save_model",
    "save_plan",
    "save_run",
    "seal_corpus",
    "slug",
    "space_datasets",
    "space_names",
    "space_schema",
    "vector_array",
    "vector_problems",
    "write_part",
]
