"""A catalog takes titles and labels of labelers as they are, whatever SQL makes of such words."""

import tempfile
from pathlib import Path

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from data import promote, publish_catalog
from data.sql import quote_name
from tests.labels import keep_labeler, label
from tests.stores import ask, corpus_of, embed, tiny_store, write_texts

SLOW = settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))

hostile = st.text(
    st.one_of(
        st.sampled_from("\"';-%*[]{}()\\=#., "),
        st.characters(codec="utf-8", exclude_characters="\0"),
    ),
    min_size=1,
    max_size=12,
)


@given(title=hostile, labels=st.lists(hostile, min_size=2, max_size=3, unique=True))
@example(title="'); DROP TABLE labelers; --", labels=['"', "'"])
@example(title="{text} $run", labels=["NULL", "null", "{}"])
@example(title="\u65e5\u672c", labels=["a,b", "['x']"])
@SLOW
def test_hostile_titles_and_labels_come_back_unchanged(title: str, labels: list[str]) -> None:
    with tempfile.TemporaryDirectory() as base:
        write_texts(Path(base) / "texts" / "a.parquet", ["one"])
        store = tiny_store(Path(base) / "store")
        plan = embed(store, corpus_of(Path(base) / "texts"))
        first, second = (keep_labeler(store, title, seed, labels=labels) for seed in (0, 1))
        rest = [0.0] * (len(labels) - 2)
        for name, says in ((first, [0.0, 1.0, *rest]), (second, [1.0, 0.0, *rest])):
            promote(store, name)
            label(store, plan, {name: {"one": says}})
        publish_catalog(store)
        (current,) = ask(store, "SELECT labeler, version, label FROM current_labels")
        (change,) = ask(store, "SELECT labeler, label_before, label_after FROM label_changes")
        assert ask(store, "SELECT label FROM votes_soft") == [labels[0]]
        assert ask(store, "SELECT DISTINCT labels FROM labelers") == [labels]
        for name in ask(store, "SELECT table_name FROM information_schema.tables"):
            ask(store, f"FROM {quote_name(name)}")
    assert current == (title, second, labels[0])
    assert change == (title, labels[1], labels[0])
