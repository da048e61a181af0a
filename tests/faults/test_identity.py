"""Cases 28, 29 and 40: what is done again when texts, settings or the process are others."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from data import LocalStore
from tests.faults.runs import texts_of
from tests.small_corpus import SmallCorpus
from tests.stores import ask, contents, write_texts

ROOT = Path(__file__).parents[2]
VECTORS = """
    SELECT d.doc_id, v.vector FROM {space} v JOIN documents d USING (chunk, row) ORDER BY ALL
"""


def vectors_of(small: SmallCorpus, dataset: str | None = None) -> dict[str, Any]:
    """Vectors by doc_id, of the one space or that of a dataset."""
    query = "SELECT space, dataset FROM spaces"
    (name,) = [name for name, found in small.ask(query) if dataset in {None, found}]
    return dict(small.ask(VECTORS.format(space=name)))


def write_keyed(small: SmallCorpus, name: str, texts: dict[str, str]) -> None:
    small.write(name, list(texts.values()), key=list(texts))


def test_case_28_of_300_rows_the_3_that_are_other_are_encoded_and_every_change_is_told(
    small: SmallCorpus,
) -> None:
    keyed = {file: {f"{file}{n}": f"{file} has text {n}" for n in range(100)} for file in "abc"}
    corpus = {"id_column": "key"}
    for file, texts in keyed.items():
        write_keyed(small, f"{file}.parquet", texts)
    small.embed(corpus=corpus)
    before = vectors_of(small)
    assert len(before) == small.num_forwarded == 300

    keyed["a"]["a17"] = "an edited text"
    del keyed["b"]["b99"], keyed["c"]["c99"]
    keyed["b"]["b100"] = "a new text at the end"
    for file, texts in keyed.items():
        write_keyed(small, f"{file}.parquet", texts)
    write_keyed(small, "d.parquet", {"d0": "a text of a new file"})
    summary = small.embed(corpus=corpus)

    assert summary.is_complete
    assert small.num_forwarded == summary.encoded == 3
    assert small.ask("SELECT change, doc_id FROM corpus_changes ORDER BY ALL") == [
        ("changed", "a17"), ("deleted", "b99"), ("deleted", "c99"), ("new", "b100"), ("new", "d0")
    ]  # fmt: skip
    after = vectors_of(small)
    assert after.keys() == before.keys() - {"b99", "c99"} | {"b100", "d0"}
    assert {name for name in before if after.get(name) != before[name]} == {"a17", "b99", "c99"}


def test_case_29_another_fingerprint_encodes_all_anew_beside_the_old_space(
    small: SmallCorpus,
) -> None:
    small.write("a.parquet", [f"a sentence about the number {n}" for n in range(30)])
    other = small.encoder.model_copy(update={"prompt": "query: "})
    small.embed()
    old, vectors = small.plan().job, vectors_of(small)
    folders = [small.store / "datasets" / name for name in (old.documents, old.spaces[0].dataset)]
    before = [contents(folder) for folder in folders]

    summary = small.embed(encoder=other)
    assert (summary.is_complete, summary.encoded, summary.reused) == (True, 30, 0)
    assert [contents(folder) for folder in folders] == before
    assert vectors_of(small, old.spaces[0].dataset) == vectors
    anew = vectors_of(small, small.plan(encoder=other).job.spaces[0].dataset)
    assert anew.keys() == vectors.keys()
    assert all(anew[name] != vectors[name] for name in vectors)


def test_case_29_how_a_run_is_carried_out_encodes_nothing_anew(small: SmallCorpus) -> None:
    small.write("a.parquet", [f"a sentence about the number {n}" for n in range(10)])
    small.embed()
    vectors = vectors_of(small)
    on_any_device = small.encoder.model_copy(update={"device": "auto"})
    for changed in [
        {"token_budget": 64},
        {"runner": "processes", "num_processes": 2},
        {"chunk_rows": 7},
        {"encoder": on_any_device},
    ]:
        summary = small.embed(**changed)
        assert (summary.is_complete, summary.encoded) == (True, 0)
        assert vectors_of(small) == vectors
    assert small.ask("SELECT space, vectors FROM spaces") == [("splade_tiny_mean", 10)]


RUN = """
import sys
from pathlib import Path
from tests.commits import space
from tests.faults.work import Job, do_all
from tests.stores import corpus_of, tiny_store

store, sources, name = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
corpus = corpus_of(sources, carry_columns=["label", "lang"])
do_all(Job(tiny_store(store).root, corpus, (space(),), name))
"""


def run_with(store: Path, name: str, **environment: str) -> subprocess.Popen[bytes]:
    """A whole run over the sources beside the store, in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-c", RUN, str(store), str(store.parent / "texts"), name],
        env={**os.environ, **environment},
        cwd=ROOT,
    )


def named_by_content(store: Path) -> dict[str, bytes]:
    """Plans, lineages and parts; a part by its chunk, for its attempt is its own."""
    kinds = ("plans/*", "datasets/*/lineage.json", "datasets/*/parts/*")
    found = [path for kind in kinds for path in store.glob(kind)]
    names = [re.sub(r"-[0-9a-f]{12}(?=\.)", "", str(path.relative_to(store))) for path in found]
    return {name: path.read_bytes() for name, path in zip(names, found, strict=True)}


def test_case_40_processes_with_other_seeds_and_clocks_plan_and_write_the_same_bytes(
    tmp_path: Path,
) -> None:
    for name in ("lang=en/b", "lang=de/a", "lang=de/\u00fc", "lang=en/a"):
        path = tmp_path / "texts" / f"{name}.parquet"
        write_texts(path, texts_of(range(20)), row_group_size=10, label=["x"] * 20)
    first, second = tmp_path / "first", tmp_path / "second"
    runs = [
        run_with(first, "one", PYTHONHASHSEED="0"),
        run_with(second, "two", PYTHONHASHSEED="4", TZ="Asia/Tokyo", LC_ALL="C"),
    ]
    assert [run.wait() for run in runs] == [0, 0]
    assert named_by_content(first) == named_by_content(second)
    assert len(list(first.glob("plans/*"))) == 1

    before = contents(first)
    assert run_with(first, "again", PYTHONHASHSEED="7").wait() == 0
    after = contents(first)
    assert {name for name in after if after[name] != before.get(name)} == {"runs/again.json"}
    counts = "SELECT (SELECT count(*) FROM bert_mean), (SELECT count(*) FROM rejects)"
    assert ask(LocalStore(first), counts) == [(64, 16)]
