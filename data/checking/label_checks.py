"""The invariants of a labeler's rows, as one query: each count must be 0 before a seal is created.

Knows the columns of labels. data/checking/checks.py asks it, and says what is at fault.
"""

from data.labels.stored_labeler import StoredLabeler

# So near to 1 is the sum of probabilities that were rounded to float32.
_ROUNDING = 1e-3

LABELS_AT_FAULT = """
    WITH found AS (
        SELECT chunk, row, text_hash FROM kept UNION ALL SELECT chunk, row, text_hash FROM rejects),
    given AS (SELECT unnest(labels) AS label FROM kept UNION ALL SELECT label FROM kept)
    SELECT
        (SELECT count(*) FROM documents ANTI JOIN found USING (chunk, row, text_hash))
            AS "documents without a label",
        (SELECT count(*) FROM found ANTI JOIN documents USING (chunk, row, text_hash))
            AS "labels without a document",
        (SELECT count(*) FROM (SELECT chunk, row FROM found GROUP BY ALL HAVING count(*) > 1))
            AS "rows doubled",
        (SELECT count(*) FROM given WHERE label NOT IN (SELECT unnest($labels::TEXT[])))
            AS "labels that the labeler does not have",
        (SELECT count(*) FROM kept WHERE $is_single
            AND (label IS NULL OR labels <> [label]
                OR abs(list_sum(probabilities::DOUBLE[]) - 1) > $rounding))
            AS "rows of a single-label task without one label",
        (SELECT count(*) FROM kept WHERE NOT $is_single AND label IS NOT NULL)
            AS "rows of a multi-label task with a single label",
        (SELECT count(*) FROM kept
            WHERE len(probabilities) <> $num_labels OR score IS NULL OR NOT score BETWEEN 0 AND 1
                OR list_min(probabilities) < 0 OR list_max(probabilities) > 1
                OR NOT isfinite(list_sum(probabilities::DOUBLE[])))
            AS "probabilities of wrong length or value"
"""


def label_values(labeler: StoredLabeler) -> dict[str, object]:
    """What the query is asked with."""
    labels = labeler.label_schema.labels
    return {
        "labels": list(labels),
        "num_labels": len(labels),
        "is_single": labeler.label_schema.task == "single_label",
        "rounding": _ROUNDING,
    }
