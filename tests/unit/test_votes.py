"""Ensembles in plain SQL: who votes, what comes of it, and where the voters disagree."""

from math import log
from pathlib import Path
from typing import Any

import pytest

from data import LocalStore, Plan, promote, publish_catalog, retire
from tests.labels import LABELS, Says, keep_ensemble, keep_labeler, label
from tests.stores import ask, corpus_of, embed, tiny_store, write_texts

# Three voters on four texts. All choose film for "one", two of three news for "two"; "three" is a
# tie of all three labels, and of "four" the last voter knows nothing.
FIRST: Says = {
    "one": [1.0, 0.0, 0.0],
    "two": [0.0, 0.75, 0.25],
    "three": [0.5, 0.25, 0.25],
    "four": [0.5, 0.25, 0.25],
}
SECOND: Says = {**FIRST, "three": [0.25, 0.75, 0.0]}
THIRD: Says = {"one": [1.0, 0.0, 0.0], "two": [0.0, 0.0, 1.0], "three": [0.0, 0.0, 1.0]}


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    return tiny_store(tmp_path / "store")


@pytest.fixture
def plan(store: LocalStore, tmp_path: Path) -> Plan:
    write_texts(tmp_path / "texts" / "a.parquet", list(FIRST))
    return embed(store, corpus_of(tmp_path / "texts"))


@pytest.fixture
def voters(store: LocalStore, plan: Plan) -> list[str]:
    """Three labelers in force, and what they say."""
    names = [keep_labeler(store, title) for title in ("first", "second", "third")]
    for name in names:
        promote(store, name)
    label(store, plan, dict(zip(names, (FIRST, SECOND, THIRD), strict=True)))
    return names


def decided(store: LocalStore, view: str, value: str) -> list[Any]:
    return ask(store, f"SELECT label, {value}, reason FROM {view} ORDER BY row")


def test_a_soft_vote_is_the_highest_mean_probability(store: LocalStore, voters: list[str]) -> None:
    assert decided(store, "votes_soft", "score") == [
        ("film", 1.0, None),
        ("news", 0.5, None),  # of means 0, 1.5/3, 1.5/3 the first by name
        ("sport", pytest.approx(1.25 / 3), None),
        (None, None, "no label by third"),
    ]


def test_a_majority_is_the_label_with_the_most_votes(store: LocalStore, voters: list[str]) -> None:
    assert decided(store, "votes_majority", "votes") == [
        ("film", 3, None),
        ("news", 2, None),
        (None, None, "a tie of film, news, sport"),
        (None, None, "no label by third"),
    ]


def test_disagreement_is_shown_where_all_voted(store: LocalStore, voters: list[str]) -> None:
    found = ask(store, "SELECT row, entropy, dissent, votes FROM disagreement ORDER BY row")

    means = (0.75 / 3, 1.0 / 3, 1.25 / 3)
    entropy = -sum(p * log(p) for p in means) / log(3)
    assert found == [
        (0, 0.0, 0.0, ["film", "film", "film"]),
        (1, pytest.approx(log(2) / log(3)), pytest.approx(1 / 3), ["news", "news", "sport"]),
        (2, pytest.approx(entropy), pytest.approx(2 / 3), ["film", "news", "sport"]),
    ]


def test_ballots_show_who_said_what(store: LocalStore, voters: list[str]) -> None:
    query = "SELECT labeler, version, label, score, labels FROM ballots WHERE row = 3 ORDER BY 1"
    assert ask(store, query) == [
        ("first", voters[0], "film", 0.5, list(LABELS)),
        ("second", voters[1], "film", 0.5, list(LABELS)),
        ("third", voters[2], None, None, list(LABELS)),
    ]


def test_the_members_of_an_ensemble_vote_and_it_does_not(store: LocalStore, plan: Plan) -> None:
    first, second = (keep_labeler(store, title) for title in ("first", "second"))
    inner = keep_ensemble(store, second, title="inner")
    outer = keep_ensemble(store, first, inner, title="outer")
    label(store, plan, dict.fromkeys((first, second, inner, outer), FIRST))
    assert ask(store, "SELECT count(*) FROM ballots") == [0]

    promote(store, outer)
    publish_catalog(store)

    assert ask(store, "SELECT version FROM labelers WHERE is_voter ORDER BY 1") == [first, second]
    assert ask(store, "SELECT DISTINCT num_voters FROM votes_soft") == [2]
    retire(store, "outer")
    publish_catalog(store)
    assert ask(store, "SELECT count(*) FROM votes_soft") == [0]


def test_labelers_of_other_labels_vote_apart(store: LocalStore, plan: Plan) -> None:
    topic, mood = keep_labeler(store, "topic"), keep_labeler(store, "mood", labels=["bad", "good"])
    tags = keep_labeler(store, "tags", task="multi_label")
    for name in (topic, mood, tags):
        promote(store, name)
    moods = {text: [0.25, 0.75] for text in FIRST}
    label(store, plan, {topic: FIRST, mood: moods, tags: FIRST})

    query = "SELECT label, num_voters FROM votes_soft WHERE row = 0 ORDER BY label"
    assert ask(store, query) == [("film", 1), ("good", 1)]


def test_probabilities_are_matched_by_label_not_by_place(store: LocalStore, plan: Plan) -> None:
    given = keep_labeler(store, "given")
    turned = keep_labeler(store, "turned", labels=list(LABELS[::-1]))
    for name in (given, turned):
        promote(store, name)
    label(store, plan, {given: FIRST, turned: {text: p[::-1] for text, p in FIRST.items()}})

    assert decided(store, "votes_soft", "score")[1] == ("news", 0.75, None)


def test_a_labeler_votes_only_on_corpora_that_it_was_run_on(
    store: LocalStore, voters: list[str], tmp_path: Path
) -> None:
    write_texts(tmp_path / "more" / "a.parquet", ["one"])
    more = embed(store, corpus_of(tmp_path / "more", "more"))
    assert ask(store, "SELECT count(*) FROM votes_soft WHERE corpus = 'more'") == [0]
    label(store, more, {voters[0]: FIRST})

    query = "SELECT corpus, label, num_voters FROM votes_soft WHERE row = 0 ORDER BY corpus"
    assert ask(store, query) == [("more", "film", 1), ("notes", "film", 3)]
