"""The README's commands, typed against a real server, in the order in which a user meets them."""

from typing import Any

import duckdb
import pytest
import yaml

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]

# The nightly deployment has runs that wait for their time.
BEGUN = {"flow_runs": {"state": {"type": {"not_any_": ["SCHEDULED"]}}}}
DUPLICATES = "SELECT count(*) FROM documents WHERE duplicate_of IS NOT NULL"


OWN = (
    "--corpus.name own --corpus.path samples/wordnet12.parquet --corpus.limit 40 "
    "--encoder.model models/all-MiniLM-L6-v2 --store.path stores/own"
)
OWN_CORPUS = f"""python -m flows.embed_corpus {OWN} --poolings '["mean", "cls", "max_min"]'"""
COMPARE = (
    "python -m flows.compare_poolings --corpus.name acts --corpus.path samples/wordnet12.parquet "
    "--corpus.limit 700 --corpus.carry_columns label --label_column label "  # of two labels
    "--encoder.model models/all-MiniLM-L6-v2 --poolings mean,cls --store.path stores/acts"
)
COUNT_OWN = f"python -m flows.fit_token_weights {OWN}"


def ask(checkout: Any, query: str) -> list[tuple[Any, ...]]:
    """What the published catalog answers."""
    catalog = checkout.folder / "store" / "catalog.duckdb"
    with duckdb.connect(str(catalog), read_only=True) as connection:
        return connection.execute(query).fetchall()


def test_without_a_server_our_command_says_make_up(checkout: Any) -> None:
    said = checkout.run(OWN_CORPUS)

    assert said.returncode != 0
    assert "make up" in said.stderr
    assert "Traceback" not in said.stderr


def test_a_deployment_run_by_its_bare_name_embeds_the_sample(running_checkout: Any) -> None:
    running_checkout.type("prefect deployment run embed-corpus")
    running_checkout.type("prefect worker start --pool local --run-once")

    runs = running_checkout.ask_server("flow_runs/filter", BEGUN)
    assert [run["state_type"] for run in runs] == ["COMPLETED"], runs[0]["state"]
    assert ask(running_checkout, "SELECT count(*) FROM documents") == [(6000,)]
    assert ask(running_checkout, "SELECT vectors, is_complete FROM spaces") == [(6000, True)] * 2


def test_the_run_left_its_progress_and_its_summary(running_checkout: Any) -> None:
    left = running_checkout.ask_server("artifacts/filter", {})

    assert {each["key"] for each in left} == {"embed-corpus-progress", "embed-corpus-summary"}


def test_a_second_run_encodes_none(running_checkout: Any) -> None:
    running_checkout.type("prefect deployment run embed-corpus/embed-corpus")
    running_checkout.type("prefect worker start --pool local --run-once")

    assert ask(running_checkout, "SELECT state, encoded FROM runs ORDER BY started_at") == [
        ("completed", 6000 - ask(running_checkout, DUPLICATES)[0][0]),
        ("completed", 0),
    ]


def test_the_demo_finds_every_text_embedded_labels_it_and_answers_three_questions(
    running_checkout: Any,
) -> None:
    said = running_checkout.type("make demo")

    assert "A Prefect server answers" in said
    assert "0 encoded" in said
    assert "6,000 labelled" in said
    for title in (
        "Rows per space",
        "Nearest neighbours of one document",
        "What the labelers disagree about",
    ):
        assert title in said
    assert "all_minilm_l6_v2_mean" in said


def test_a_moved_store_is_published_again_and_searched(running_checkout: Any) -> None:
    running_checkout.type("mv store moved && python -m flows.publish moved")

    said = running_checkout.type('python -m flows.search moved "a large wild cat" --top 3')

    assert "noun.animal" in said


def test_a_corpus_of_ones_own_is_embedded_by_the_command_line(running_checkout: Any) -> None:
    said = running_checkout.type(OWN_CORPUS)

    assert "40 of 40 documents committed" in said
    assert "Traceback" not in said


def test_the_tokens_of_a_corpus_are_counted_for_poolings(running_checkout: Any) -> None:
    said = running_checkout.type(COUNT_OWN)

    assert "of 40 documents" in said
    (table,) = (running_checkout.folder / "stores/own/models").iterdir()
    assert f'{{"strategy": "idf_mean", "weights": "{table.name}"}}' in said


def test_poolings_are_compared_in_a_sentence_and_on_a_page(running_checkout: Any) -> None:
    said = running_checkout.type(COMPARE)

    (page,) = (running_checkout.folder / "stores/acts/reports").iterdir()
    assert str(page) in said.replace("\n", "")
    assert "Use " in said
    assert "words (tfidf)" in page.read_text()


def test_nothing_is_written_to_the_home_folder(running_checkout: Any) -> None:
    assert list(running_checkout.home.iterdir()) == []


def test_make_up_twice_changes_nothing(running_checkout: Any) -> None:
    running_checkout.type("make up")

    listed = yaml.safe_load((running_checkout.folder / "prefect.yaml").read_text())["deployments"]
    assert running_checkout.ask_server("deployments/count", {}) == len(listed)
    assert running_checkout.ask_server("automations/count", {}) == 1
