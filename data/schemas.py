"""The columns of every Parquet part, in one place. Knows types and encodings, no files."""

import pyarrow as pa

from data.lineage import Precision

TEXT_HASH = pa.binary(16)

_KEY = [
    pa.field("chunk", pa.string(), nullable=False),
    pa.field("row", pa.int64(), nullable=False),
    pa.field("doc_id", pa.string(), nullable=False),
]
_DOCUMENT = [
    *_KEY,
    pa.field("text_hash", TEXT_HASH, nullable=False),
    pa.field("file", pa.string(), nullable=False),
    pa.field("duplicate_of", pa.int64()),
]

REJECTS = pa.schema(
    [
        *_KEY,
        pa.field("text_hash", TEXT_HASH),
        pa.field("stage", pa.string(), nullable=False),
        pa.field("reason", pa.string(), nullable=False),
        pa.field("detail", pa.string()),
    ]
)


REVIEWS = pa.schema(
    [
        *_KEY,
        pa.field("text_hash", TEXT_HASH, nullable=False),
        pa.field("labeler", pa.string(), nullable=False),
        pa.field("version", pa.string(), nullable=False),
        pa.field("label", pa.string()),
        pa.field("labels", pa.list_(pa.string()), nullable=False),
        pa.field("reason", pa.string(), nullable=False),
        pa.field("reviewer", pa.string()),
        pa.field("reviewed_at", pa.timestamp("us", "UTC"), nullable=False),
    ]
)


def documents_schema(carried: pa.Schema) -> pa.Schema:
    """Key, hash and place of every document, then the carried columns."""
    return pa.schema([*_DOCUMENT, *carried])


def space_schema(dimension: int, precision: Precision) -> pa.Schema:
    """Key and hash of every document, its tokens, and its vector of fixed length."""
    return pa.schema(
        [
            *_KEY,
            pa.field("text_hash", TEXT_HASH, nullable=False),
            pa.field("n_tokens", pa.int32()),
            pa.field("n_unknown", pa.int32()),  # older parts lack it
            pa.field("truncated", pa.bool_(), nullable=False),
            pa.field("n_windows", pa.int32(), nullable=False),
            pa.field("vector", stored_type(dimension, precision), nullable=False),
        ]
    )


def labels_schema(num_labels: int) -> pa.Schema:
    """Key and hash of every document, the decision on it, and the probability of each label.

    `labels` are all that were decided, perhaps none; `label` is the one of a single-label task.
    """
    return pa.schema(
        [
            *_KEY,
            pa.field("text_hash", TEXT_HASH, nullable=False),
            *_decision("label", "labels"),
            *_certainty(num_labels),
            pa.field("decided_at", pa.timestamp("us", "UTC"), nullable=False),
            pa.field("run", pa.string(), nullable=False),
        ]
    )


def heldout_schema(num_labels: int) -> pa.Schema:
    """Documents that a labeler was tested on: the true labels, what it said, and what it read."""
    return pa.schema(
        [
            pa.field("doc_id", pa.string(), nullable=False),
            pa.field("text_hash", TEXT_HASH, nullable=False),
            *_decision("label", "labels"),
            *_decision("predicted", "predicted_labels"),
            *_certainty(num_labels),
            pa.field("n_tokens", pa.int32()),
            pa.field("truncated", pa.bool_()),
            pa.field("n_unknown", pa.int32()),
            pa.field("vector", pa.list_(pa.float32())),
        ]
    )


def _decision(one: str, several: str) -> list[pa.Field]:
    return [
        pa.field(one, pa.string()),
        pa.field(several, pa.list_(pa.string()), nullable=False),
    ]


def _certainty(num_labels: int) -> list[pa.Field]:
    return [
        pa.field("score", pa.float32(), nullable=False),
        pa.field("probabilities", vector_type(num_labels, pa.float32()), nullable=False),
        pa.field("is_auto", pa.bool_(), nullable=False),
    ]


def stored_type(dimension: int, precision: Precision) -> pa.DataType:
    """A fixed-size list of floats, or the bytes of int8 (one a dimension) and binary (a bit each).

    A list of int8 would be one of int32 in Parquet.
    """
    match precision:
        case "float32":
            return vector_type(dimension, pa.float32())
        case "float16":
            return vector_type(dimension, pa.float16())
        case "int8":
            return pa.binary(dimension)
        case "binary":
            return pa.binary(dimension // 8)


def vector_type(dimension: int, element: pa.DataType) -> pa.DataType:
    """A fixed-size list whose elements are never null."""
    return pa.list_(pa.field("element", element, nullable=False), dimension)


def encodings(schema: pa.Schema) -> dict[str, str]:
    """BYTE_STREAM_SPLIT for float32 vectors: a sixth smaller. DuckDB needs float16 plain."""
    kind = schema.field("vector").type if "vector" in schema.names else pa.null()
    is_list = pa.types.is_fixed_size_list(kind)  # a carried column may be called vector, too
    if is_list and kind == vector_type(kind.list_size, pa.float32()):
        return {"vector.list.element": "BYTE_STREAM_SPLIT"}
    return {}


def dictionary_columns(schema: pa.Schema) -> list[str]:
    """Columns with few values. Never the vector, which a dictionary inflates to 1.2 times."""
    few = ("chunk", "file", "stage", "reason", "label", "labels.list.element", "run")
    return [name for name in few if name.split(".")[0] in schema.names]
