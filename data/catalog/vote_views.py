"""The views of a catalog in which labelers vote: an ensemble in plain SQL, and where they disagree.

Knows the tables labelers and labelled_corpora, which say who votes on which corpus.
"""

import duckdb

from data.catalog.label_views import select_labels
from data.stores.store import OpenStore

# Materialized, or DuckDB sorts the labels of each voter once for each document.
_BALLOTS = """
    CREATE VIEW ballots AS
    WITH voters AS MATERIALIZED (
        SELECT c.corpus, r.label_schema, r.labeler, r.version, list_sort(r.labels) AS labels
        FROM labelers r JOIN labelled_corpora c USING (version) WHERE r.is_voter)
    SELECT d.corpus, d.chunk, d.row, d.doc_id, v.label_schema, v.labeler, v.version, l.label,
        l.score, l.probabilities, v.labels
    FROM voters v
    JOIN documents d ON d.corpus = v.corpus
    LEFT JOIN ({labels}) l ON l.version = v.version AND l.chunk = d.chunk AND l.row = d.row
"""
_VOTERS = """
    AND version IN (
        SELECT version FROM labelers WHERE is_voter AND (labels = list_sort(labels)) = {is_ordered})
"""
# Voters among the same labels may have them in another order: here they are ordered by name.
_REORDERED = """
    SELECT l.* REPLACE (list_transform(list_sort(r.labels),
        lambda x: l.probabilities[list_position(r.labels, x)]) AS probabilities)
    FROM ({labels}) l JOIN labelers r ON r.version = l.version
"""
# `missing` says who lacks a label for a document; there is no decision on it then. Probabilities
# stay in lists, and these unsorted: a row for each, or an ORDER BY in list(), takes twice as long.
_COUNTED = """
    SELECT *,
        list_transform(range(1, len(labels) + 1),
            lambda n: list_avg(list_transform(probabilities, lambda p: p[n]))) AS means,
        list_transform(labels, lambda x: len(list_filter(votes, lambda v: v = x))) AS tally
    FROM (
        SELECT corpus, chunk, row, any_value(doc_id) AS doc_id, label_schema,
            count(*) AS num_voters, any_value(labels) AS labels,
            list(probabilities) AS probabilities, list(label) AS votes,
            'no label by '
                || array_to_string(list_sort(list(labeler) FILTER (label IS NULL)), ', ') AS missing
        FROM ballots GROUP BY corpus, chunk, row, label_schema)
"""
_SOFT = f"""
    CREATE VIEW votes_soft AS
    SELECT corpus, chunk, row, doc_id, label_schema, num_voters,
        CASE WHEN missing IS NULL THEN labels[list_position(means, list_max(means))] END AS label,
        CASE WHEN missing IS NULL THEN list_max(means) END AS score,
        missing AS reason
    FROM ({_COUNTED})
"""
_MAJORITY = f"""
    CREATE VIEW votes_majority AS
    SELECT corpus, chunk, row, doc_id, label_schema, num_voters,
        CASE WHEN missing IS NULL AND len(most) = 1 THEN most[1] END AS label,
        CASE WHEN missing IS NULL AND len(most) = 1 THEN list_max(tally) END AS votes,
        CASE WHEN missing IS NOT NULL THEN missing
             WHEN len(most) > 1 THEN 'a tie of ' || array_to_string(most, ', ') END AS reason
    FROM (
        SELECT *, list_filter(labels, lambda x: tally[list_position(labels, x)] = list_max(tally))
            AS most
        FROM ({_COUNTED}))
"""
# Entropy of the mean probabilities p of K labels: -sum_k p_k ln p_k / ln K (Shannon 1948).
_DISAGREEMENT = f"""
    CREATE VIEW disagreement AS
    SELECT corpus, chunk, row, doc_id, label_schema, num_voters,
        greatest(0, -list_sum(list_transform(means,
            lambda p: CASE WHEN p > 0 THEN p * ln(p) ELSE 0 END)) / ln(len(means))) AS entropy,
        1 - list_max(tally) / num_voters AS dissent, list_sort(votes) AS votes
    FROM ({_COUNTED})
    WHERE missing IS NULL
"""


def create_vote_views(connection: duckdb.DuckDBPyConnection, store: OpenStore) -> None:
    """Create them; the tables are there already."""
    ordered, others = (
        select_labels(connection, store, _VOTERS.format(is_ordered=each))
        for each in ("true", "false")
    )
    labels = f"{ordered} UNION ALL {_REORDERED.format(labels=others)}"
    connection.execute(_BALLOTS.format(labels=labels))
    for query in (_SOFT, _MAJORITY, _DISAGREEMENT):
        connection.execute(query)
