"""The views of a catalog over labels, which stay in their parts as vectors do.

Knows Parquet parts, tests of labelers, and which columns a corpus's text is read from.
"""

import logging
from collections.abc import Iterator, Sequence

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from data.labels.evaluations import heldout_key
from data.labels.stored_labeler import StoredLabeler
from data.records.seals import Seal
from data.schemas import heldout_schema
from data.sources.plan import load_plan
from data.sql import quote_name, quote_text, read_parts
from data.stores.file_errors import is_damage
from data.stores.store import OpenStore

_log = logging.getLogger(__name__)

_DECISION = "label, labels, score, probabilities::FLOAT[] AS probabilities, is_auto"
_TESTED = (
    "doc_id, text_hash, label, labels, predicted, predicted_labels, score, "
    "probabilities::FLOAT[] AS probabilities, is_auto, n_tokens, truncated, n_unknown"
)
_NO_LABELS = """
    SELECT NULL::TEXT AS chunk, NULL::BIGINT AS row, NULL::TEXT AS doc_id, NULL::BLOB AS text_hash,
        NULL::TEXT AS labeler, NULL::TEXT AS version, NULL::TEXT AS label, NULL::TEXT[] AS labels,
        NULL::FLOAT AS score, NULL::FLOAT[] AS probabilities, NULL::BOOLEAN AS is_auto,
        NULL::TIMESTAMPTZ AS decided_at, NULL::TEXT AS run
    WHERE false
"""
_NO_TESTS = """
    SELECT NULL::TEXT AS labeler, NULL::TEXT AS version, NULL::TEXT AS doc_id,
        NULL::BLOB AS text_hash, NULL::TEXT AS label, NULL::TEXT[] AS labels,
        NULL::TEXT AS predicted, NULL::TEXT[] AS predicted_labels, NULL::FLOAT AS score,
        NULL::FLOAT[] AS probabilities, NULL::BOOLEAN AS is_auto, NULL::INTEGER AS n_tokens,
        NULL::BOOLEAN AS truncated, NULL::INTEGER AS n_unknown
    WHERE false
"""
_PARTS = """
    SELECT labeler, version, list(DISTINCT part ORDER BY part) FROM chunks
    WHERE labeler IS NOT NULL AND part IS NOT NULL {condition}
    GROUP BY labeler, version ORDER BY labeler, version
"""
_REVIEW = """
    CREATE VIEW review AS
    WITH drawn AS (SELECT version, text_hash, min(run) AS drawn_by FROM audit_sample GROUP BY ALL),
    placed AS (
        SELECT version, drawn_by, min({{'chunk': chunk, 'row': row}}) AS place
        FROM current_labels JOIN drawn USING (version, text_hash)
        GROUP BY version, drawn_by, text_hash)
    SELECT d.corpus, l.chunk, l.row, l.doc_id, l.text_hash, l.labeler, l.version, l.label,
        l.labels, l.score, l.probabilities,
        CASE WHEN a.drawn_by IS NULL THEN 'review' ELSE 'audit' END AS reason,
        CASE WHEN a.drawn_by IS NOT NULL THEN 'drawn at random by ' || a.drawn_by
             WHEN r.min_score IS NULL
             THEN format('no score reaches a precision of {{:.3f}}', r.target_precision)
             ELSE format('score {{:.3f}} below {{:.3f}}', l.score, r.min_score) END AS detail,
        {text} AS text
    FROM current_labels l
    JOIN labelers r USING (version)
    JOIN documents d USING (chunk, row)
    LEFT JOIN placed a
        ON a.version = l.version AND a.place.chunk = l.chunk AND a.place.row = l.row
    WHERE (NOT l.is_auto OR a.drawn_by IS NOT NULL)
        AND NOT EXISTS (
            SELECT 1 FROM reviews v WHERE v.labeler = l.labeler AND v.text_hash = l.text_hash)
"""
# Wilson, Probable inference, the law of succession, and statistical inference, JASA 22 (1927):
# with p of n right and z = 1.959964, (p + z^2/2n -+ z sqrt(p(1-p)/n + z^2/4n^2)) / (1 + z^2/n).
_AUDIT = """
    CREATE VIEW audit AS
    WITH said AS (
        SELECT labeler, text_hash, arg_max(labels, (reviewed_at, number)) AS labels
        FROM reviews GROUP BY ALL),
    drawn AS (
        SELECT labeler, version, text_hash, any_value(labels) AS labels,
            any_value(is_auto) AS is_auto
        FROM audit_sample GROUP BY ALL),
    judged AS (
        SELECT d.labeler, d.version, d.is_auto, s.labels IS NOT NULL AS is_reviewed,
            list_sort(d.labels) = list_sort(s.labels) AS is_right
        FROM drawn d LEFT JOIN said s USING (labeler, text_hash)),
    counted AS (
        SELECT labeler, version, count(*) AS drawn, count(*) FILTER (is_reviewed) AS reviewed,
            avg(is_right::INT) AS p, nullif(count(is_right), 0) AS n, 1.959964 AS z,
            count(is_right) FILTER (is_auto) AS auto_reviewed,
            avg(is_right::INT) FILTER (is_auto) AS auto_precision
        FROM judged GROUP BY ALL)
    SELECT labeler, version, drawn, reviewed, p AS accuracy,
        (p + z*z/(2*n) - z*sqrt(p*(1-p)/n + z*z/(4*n*n))) / (1 + z*z/n) AS low,
        (p + z*z/(2*n) + z*sqrt(p*(1-p)/n + z*z/(4*n*n))) / (1 + z*z/n) AS high,
        auto_reviewed, auto_precision
    FROM counted
"""


def create_label_views(
    connection: duckdb.DuckDBPyConnection,
    store: OpenStore,
    seal: Seal,
    labelers: Sequence[StoredLabeler],
) -> None:
    """Create them; the tables are there already."""
    connection.execute(f"CREATE VIEW labels AS {select_labels(connection, store)}")
    in_force = "AND version IN (SELECT version FROM labelers WHERE is_in_force)"
    current = select_labels(connection, store, in_force)
    connection.execute(f"CREATE VIEW current_labels AS {current}")
    tests = " UNION ALL ".join(_select_tests(store, labelers)) or _NO_TESTS
    connection.execute(f"CREATE VIEW predictions_heldout AS {tests}")
    connection.execute(_REVIEW.format(text=_text_of_documents(connection, store, seal)))
    connection.execute(_AUDIT)


def select_labels(
    connection: duckdb.DuckDBPyConnection, store: OpenStore, condition: str = ""
) -> str:
    """A query over the labels of those chunks that the condition lets through."""
    selects = [
        f"SELECT chunk, row, doc_id, text_hash, {quote_text(labeler)} AS labeler, "
        f"{quote_text(version)} AS version, {_DECISION}, decided_at, run "
        f"FROM {read_parts(store.location(part) for part in parts)}"
        for labeler, version, parts in connection.execute(
            _PARTS.format(condition=condition)
        ).fetchall()
    ]
    return " UNION ALL ".join(selects) or _NO_LABELS


def _select_tests(store: OpenStore, labelers: Sequence[StoredLabeler]) -> Iterator[str]:
    for labeler in labelers:
        key = heldout_key(store, labeler.name)
        if key and _is_readable(store, key, len(labeler.label_schema.labels)):
            yield (
                f"SELECT {quote_text(labeler.title)} AS labeler, "
                f"{quote_text(labeler.name)} AS version, {_TESTED} "
                f"FROM {read_parts([store.location(key)])}"
            )


def _is_readable(store: OpenStore, key: str, num_labels: int) -> bool:
    """Whether the file is as it was written; else it is left out, in a log."""
    try:
        with store.read(key) as file:
            is_ours = bool(pq.read_schema(file).equals(heldout_schema(num_labels)))
    except (OSError, pa.ArrowException) as error:
        if not is_damage(error):
            raise
        _log.warning("%s is left out: it cannot be read (%s)", key, error)
        return False
    if not is_ours:
        _log.warning("%s is left out: it has other columns than the test of a labeler", key)
    return is_ours


def _text_of_documents(connection: duckdb.DuckDBPyConnection, store: OpenStore, seal: Seal) -> str:
    """SQL for the text of a document d, joined as it was read; null where it is not carried."""
    described = connection.execute("DESCRIBE documents").fetchall()
    carried = {str(name).lower() for name, *_ in described}
    cases = []
    for name, sealed in seal.corpora.items():
        corpus = load_plan(store, sealed.plan).corpus
        columns = {column.lower() for column in corpus.text_columns}
        if columns <= carried and columns <= {name.lower() for name in corpus.carry_columns}:
            parts = ", ".join(f"d.{quote_name(column)}::TEXT" for column in corpus.text_columns)
            joined = f"concat_ws({quote_text(corpus.separator)}, {parts})"
            cases.append(f"WHEN {quote_text(name)} THEN {joined}")
    return f"CASE d.corpus {' '.join(cases)} END" if cases else "NULL::TEXT"
