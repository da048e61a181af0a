"""Data at rest: corpus, plan, store, catalog. Code only; the sample texts are in samples/.

Knows Parquet, commit records and DuckDB. Does not know torch, Prefect, or any other room.
"""

from data.catalog.catalog_files import CATALOG, catalog_link
from data.catalog.neighbours import nearest_documents, space_datasets
from data.catalog.publishing import newest_catalog, publish_catalog
from data.catalog.queries import read_queries, run_query
from data.catalog.review_rows import known_texts, rows_to_review
from data.catalog.views import space_names
from data.checking.sealing import seal_corpus
from data.labels.evaluations import load_evaluation, read_heldout, save_evaluation
from data.labels.labelers import (
    labeler_dataset,
    labeler_names,
    load_labeler,
    with_members,
)
from data.labels.labelled_before import label_datasets, labelled_before
from data.labels.promotion import labelers_in_force, promote, retire
from data.labels.reviews import read_reviews, save_reviews
from data.labels.stored_labeler import StoredLabeler
from data.labels.trained_on import read_trained_on, save_trained_on
from data.lineage import (
    Dataset,
    DocumentsLineage,
    LabelerLineage,
    Precision,
    Provenance,
    SpaceLineage,
    fingerprint,
    slug,
)
from data.records.datasets import (
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
from data.records.models import DamagedModel, StoredModel, load_model, save_model
from data.records.parts import (
    DamagedPart,
    PartWriter,
    describe_part,
    part_keys,
    vector_array,
    vector_problems,
    vectors_of,
    write_part,
)
from data.records.reports import save_report
from data.records.runs import AuditDraw, Counts, DriftFigure, RunRecord, load_runs, save_run
from data.records.seals import SealOutcome, SealRequest, newest_seal
from data.records.stored_chunks import (
    ChunkVectors,
    read_documents,
    read_labels,
    read_rejects,
    read_vectors,
)
from data.reuse.known_vectors import Reuse
from data.reuse.search import find_reuse, learn_recent
from data.schemas import REJECTS, REVIEWS, heldout_schema, labels_schema, space_schema
from data.sources.chunks import Chunk
from data.sources.corpus import CorpusSpec
from data.sources.plan import Plan, load_plan, make_plan, pending_chunks, save_plan
from data.sources.reading import ChunkFailure, ChunkRows, read_chunks
from data.sources.sampling import hash_numbers, sample_texts
from data.stores.local_store import LocalStore
from data.stores.opening import (
    has_store,
    look_into_store,
    open_existing_store,
    open_store,
    store_at,
)
from data.stores.store import OpenStore, Store, StoreError, StoreSpec, StoreUnreachable

__all__ = [
    "CATALOG",
    "REJECTS",
    "REVIEWS",
    "AuditDraw",
    "Chunk",
    "ChunkFailure",
    "ChunkRows",
    "ChunkStatistics",
    "ChunkVectors",
    "CorpusSpec",
    "Counts",
    "DamagedModel",
    "DamagedPart",
    "Dataset",
    "DocumentsLineage",
    "DriftFigure",
    "LabelerLineage",
    "LocalStore",
    "OpenStore",
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
    "StoreUnreachable",
    "StoredLabeler",
    "StoredModel",
    "catalog_link",
    "commit",
    "committed_chunks",
    "describe_part",
    "discard_parts",
    "find_reuse",
    "fingerprint",
    "has_store",
    "hash_numbers",
    "heldout_schema",
    "known_texts",
    "label_datasets",
    "labeler_dataset",
    "labeler_names",
    "labelers_in_force",
    "labelled_before",
    "labels_schema",
    "learn_recent",
    "load_dataset",
    "load_evaluation",
    "load_labeler",
    "load_model",
    "load_plan",
    "load_runs",
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
    "promote",
    "publish_catalog",
    "read_chunks",
    "read_documents",
    "read_heldout",
    "read_labels",
    "read_queries",
    "read_record",
    "read_rejects",
    "read_reviews",
    "read_trained_on",
    "read_vectors",
    "resolve_dataset",
    "retire",
    "rows_to_review",
    "run_query",
    "sample_texts",
    "save_evaluation",
    "save_model",
    "save_plan",
    "save_report",
    "save_reviews",
    "save_run",
    "save_trained_on",
    "seal_corpus",
    "slug",
    "space_datasets",
    "space_names",
    "space_schema",
    "store_at",
    "vector_array",
    "vector_problems",
    "vectors_of",
    "with_members",
    "write_part",
]
