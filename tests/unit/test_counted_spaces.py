"""Spaces of idf_mean and sif_mean: what tells them apart, and whose counts they take."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

import tasks.encoders
from data import load_model, open_existing_store, publish_catalog
from embedding import EncoderSpec, load_encoder
from flows.search import search
from pooling import PoolingSpec
from tasks.fitted import load_fitted, pooling_to_type
from tasks.token_weights import ComponentSpec
from tests.token_weights import TEXTS, fit, fit_component


def test_a_corpus_is_embedded_by_its_counts_and_searched(small: Any) -> None:
    small.write("a.parquet", TEXTS)

    small.embed(poolings=fit(small).poolings)

    assert small.num_forwarded == 40
    names = [name for (name,) in small.ask("SELECT space FROM spaces ORDER BY space")]
    assert [name.rsplit("_", 1)[0] for name in names] == [
        "splade_tiny_idf_mean",
        "splade_tiny_sif_mean",
    ]
    for name in names:
        assert search(str(small.store), TEXTS[3], space=name, top=1)["doc_id"][0].endswith("#3")


def test_a_moved_store_is_searched_with_its_own_counts(small: Any, tmp_path: Path) -> None:
    small.write("a.parquet", TEXTS)
    small.embed(poolings=fit(small).poolings[:1])
    expected = search(str(small.store), TEXTS[3], top=1)["doc_id"][0]
    small.store.rename(tmp_path / "moved")
    publish_catalog(open_existing_store(str(tmp_path / "moved")))

    assert search(str(tmp_path / "moved"), TEXTS[3], top=1)["doc_id"][0] == expected


def test_the_counts_are_in_the_identity_of_the_space(small: Any) -> None:
    small.write("a.parquet", TEXTS)
    first = fit(small).poolings[0]
    small.embed(poolings=(first,))
    again = fit(small).poolings[0]
    small.embed(poolings=(again,))
    assert small.num_forwarded == 0
    (space,) = small.plan(poolings=(first,)).job.spaces
    lineage = json.loads((small.store / "datasets" / space.dataset / "lineage.json").read_text())
    fingerprint = load_model(open_existing_store(str(small.store)), first.weights).fingerprint
    assert lineage["lineage"]["pooling"]["weights"] == fingerprint

    small.write("b.parquet", ["one more page"])
    other = fit(small).poolings[0]

    (new,) = small.plan(poolings=(other,)).job.spaces
    assert new.dataset != space.dataset
    small.embed(poolings=(other,))
    assert small.num_forwarded == 41


def test_a_table_under_two_titles_is_one_space(small: Any) -> None:
    small.write("a.parquet", TEXTS)
    fitted = fit(small)
    model = small.store / "models" / fitted.name
    shutil.copytree(model, model.with_name(f"renamed-{fitted.name[-8:]}"))
    both = [
        PoolingSpec(strategy="idf_mean", weights=name)
        for name in (fitted.name, f"renamed-{fitted.name[-8:]}")
    ]

    first, second = (small.plan(poolings=(each,)).job.spaces[0].dataset for each in both)

    assert first == second


def test_counts_by_another_tokenizer_are_refused_before_the_model_is_loaded(
    small: Any, make_folder: Any, write_tokenizer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    words, other = make_folder("bert"), make_folder("bert")
    write_tokenizer(other, "$A [SEP]")  # as many ids, so that shapes alone would let it pass
    small.write("a.parquet", ["w0 w1", "w1"])
    fitted = fit(small, encoder=EncoderSpec(model=str(words)))
    monkeypatch.setattr(tasks.encoders, "load_encoder", pytest.fail)

    with pytest.raises(ValueError, match="were counted with another tokenizer"):
        small.plan(encoder=EncoderSpec(model=str(other)), poolings=fitted.poolings)


def test_counts_by_another_tokenizer_are_refused_by_the_encoder_itself(
    small: Any, make_folder: Any, write_tokenizer: Any
) -> None:
    words, other = make_folder("bert"), make_folder("bert")
    write_tokenizer(other, "$A [SEP]")
    small.write("a.parquet", ["w0 w1", "w1"])
    fitted = fit(small, encoder=EncoderSpec(model=str(words)))
    loaded = load_fitted(open_existing_store(str(small.store)), [fitted.name])

    encoder = load_encoder(EncoderSpec(model=str(other), device="cpu"))

    with pytest.raises(ValueError, match="another tokenizer"):
        encoder.encode(["w0"], fitted.poolings[0], fitted=loaded)


def test_one_table_serves_every_length_prompt_and_layer(small: Any) -> None:
    small.write("a.parquet", TEXTS)
    (idf, _) = fit(small).poolings
    encoder = small.encoder.model_copy(update={"max_tokens": 8, "prompt": "passage: "})

    small.embed(encoder=encoder, poolings=(idf, idf.model_copy(update={"layers": (0, 1)})))

    assert small.ask("SELECT vectors FROM spaces") == [(40,)] * 2


def test_what_is_printed_to_type_is_that_pooling(small: Any) -> None:
    small.write("a.parquet", TEXTS)
    component = ComponentSpec.model_validate({"pooling": {"layers": [1]}, "sample_texts": 10})
    for pooling in (*fit(small).poolings, *fit_component(small, component).poolings):
        assert PoolingSpec.model_validate_json(pooling_to_type(pooling)) == pooling
