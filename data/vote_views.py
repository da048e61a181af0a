"""The views of a catalog in which labelers vote: an ensemble in plain SQL, and where they disagree.

Knows the tables labelers and labelled_corpora, which say who votes on which corpus.
"""

import duckdb

from data.label_views import select_labels
from data.local_store import LocalStore

_BALLOTS = """
    CREATE VIEW ballots AS
    SELECT d.corpus, d.chunk, d.row, d.doc_id, v.label_schema, v.labeler, v.version, l.label,
        l.score, l.probabilities, v.labels
    FROM (SELECT c.corpus, r.label_schema, r.labeler, r.version, r.labels
          FROM labelers r JOIN labelled_corpora c USING (version) WHERE r.is_voter) v
    JOIN documents d ON d.corpus = v.corpus
    LEFT JOIN ({labels}) l ON l.version = v.version AND l.chunk = d.chunk AND l.row = d.row
"""
# `missing` says who lacks a label for a document; there is no decision on it then.
_COUNTED = """
    SELECT corpus, chunk, row, any_value(doc_id) AS doc_id, label_schema, count(*) AS num_voters,
        'no label by ' || string_agg(labeler, ', ' ORDER BY labeler) FILTER (label IS NULL)
            AS missing,
        list(label ORDER BY labeler, version) AS votes
    FROM ballots GROUP BY corpus, chunk, row, label_schema
"""
_MEANS = """
    SELECT corpus, chunk, row, label_schema, label, avg(probability) AS mean
    FROM (SELECT corpus, chunk, row, label_schema, unnest(labels) AS label,
              unnest(probabilities) AS probability
          FROM ballots WHERE probabilities IS NOT NULL)
    GROUP BY ALL
"""
_MOST = """
    SELECT corpus, chunk, row, label_schema, max(votes) AS votes, min(label) AS label,
        string_agg(label, ', ' ORDER BY label) AS labels, count(*) AS num_labels
    FROM (SELECT corpus, chunk, row, label_schema, label, count(*) AS votes,
              max(count(*)) OVER (PARTITION BY corpus, chunk, row, label_schema) AS most
          FROM ballots WHERE label IS NOT NULL
          GROUP BY corpus, chunk, row, label_schema, label)
    WHERE votes = most
    GROUP BY corpus, chunk, row, label_schema
"""
_SOFT = f"""
    CREATE VIEW votes_soft AS
    WITH counted AS ({_COUNTED}), means AS ({_MEANS}),
    best AS (
        SELECT corpus, chunk, row, label_schema, first(label ORDER BY mean DESC, label) AS label,
            max(mean) AS score
        FROM means GROUP BY corpus, chunk, row, label_schema)
    SELECT c.corpus, c.chunk, c.row, c.doc_id, c.label_schema, c.num_voters,
        CASE WHEN c.missing IS NULL THEN b.label END AS label,
        CASE WHEN c.missing IS NULL THEN b.score END AS score,
        c.missing AS reason
    FROM counted c LEFT JOIN best b USING (corpus, chunk, row, label_schema)
"""
_MAJORITY = f"""
    CREATE VIEW votes_majority AS
    WITH counted AS ({_COUNTED}), most AS ({_MOST})
    SELECT c.corpus, c.chunk, c.row, c.doc_id, c.label_schema, c.num_voters,
        CASE WHEN c.missing IS NULL AND m.num_labels = 1 THEN m.label END AS label,
        CASE WHEN c.missing IS NULL AND m.num_labels = 1 THEN m.votes END AS votes,
        CASE WHEN c.missing IS NOT NULL THEN c.missing
             WHEN m.num_labels > 1 THEN 'a tie of ' || m.labels END AS reason
    FROM counted c LEFT JOIN most m USING (corpus, chunk, row, label_schema)
"""
# Entropy of the mean probabilities p of K labels: -sum_k p_k ln p_k / ln K (Shannon 1948).
_DISAGREEMENT = f"""
    CREATE VIEW disagreement AS
    WITH counted AS ({_COUNTED}), most AS ({_MOST}),
    spread AS (
        SELECT corpus, chunk, row, label_schema,
            greatest(0, -sum(CASE WHEN mean > 0 THEN mean * ln(mean) ELSE 0 END) / ln(count(*)))
                AS entropy
        FROM ({_MEANS}) GROUP BY corpus, chunk, row, label_schema)
    SELECT c.corpus, c.chunk, c.row, c.doc_id, c.label_schema, c.num_voters, s.entropy,
        1 - m.votes / c.num_voters AS dissent, c.votes
    FROM counted c
    JOIN most m USING (corpus, chunk, row, label_schema)
    JOIN spread s USING (corpus, chunk, row, label_schema)
    WHERE c.missing IS NULL
"""


def create_vote_views(connection: duckdb.DuckDBPyConnection, store: LocalStore) -> None:
    """Create them; the tables are there already."""
    voters = "AND version IN (SELECT version FROM labelers WHERE is_voter)"
    connection.execute(_BALLOTS.format(labels=select_labels(connection, store, voters)))
    for query in (_SOFT, _MAJORITY, _DISAGREEMENT):
        connection.execute(query)
