"""Counts fitted on a corpus, kept in the store, and used by embed-corpus and search."""

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import tasks.encoders
from data import StoreError, load_model, open_existing_store, publish_catalog
from embedding import EncoderSpec, load_encoder
from flows.search import search
from pooling import Fitted, PoolingSpec, name_counts
from tasks.fit_token_weights import count_corpus, fit_corpus_component
from tasks.fitted import load_fitted, pooling_to_type
from tasks.run_spec import FitSpec
from tasks.token_weights import (
    ComponentSpec,
    FittedWeights,
    WeightsRequest,
    check_request,
)

TEXTS = [f"page {n} is about the number {n % 7} and the {'cat' * (n % 2)} mat" for n in range(40)]
CLS, SEP = 2, 3  # of the words' tokenizer, whose w0 is id 4


def asked(small: Any, component: ComponentSpec | None = None, **changes: Any) -> WeightsRequest:
    request = small.request(**changes)
    return WeightsRequest(
        corpus=request.corpus,
        encoder=request.encoder,
        store=request.store,
        run=FitSpec(**request.run.model_dump(include=set(FitSpec.model_fields))),
        component=component,
    )


def fit(small: Any, **changes: Any) -> FittedWeights:
    return count_corpus(asked(small, **changes))


def fit_component(small: Any, component: ComponentSpec, **changes: Any) -> FittedWeights:
    request = asked(small, component, **changes)
    return fit_corpus_component(request, count_corpus(request))


def about(small: Any, name: str) -> dict[str, Any]:
    return load_model(open_existing_store(str(small.store)), name).about


def vectors_of(small: Any, space: str) -> np.ndarray:
    rows = small.ask(f'SELECT vector FROM "{space}" ORDER BY chunk, row')
    return np.array([row[0] for row in rows], np.float32)


def test_the_table_says_what_was_counted(small: Any) -> None:
    small.write("a.parquet", [*TEXTS, TEXTS[0], None])

    fitted = fit(small)

    said = about(small, fitted.name)
    assert (fitted.texts, fitted.rejected, fitted.unread) == (41, 1, ())
    assert said["kind"] == "token_counts"
    assert (said["corpus"], said["documents"], said["tokens"]) == ("small", 41, fitted.tokens)
    assert (said["is_whole_corpus"], said["vocabulary"]) == (True, 30522)
    assert str(small.sources.parent) not in json.dumps(said)


def test_the_name_is_the_same_however_the_texts_are_cut(small: Any) -> None:
    small.write("a.parquet", TEXTS)
    name = fit(small).name
    (small.sources / "a.parquet").unlink()
    small.write("b/c.parquet", TEXTS[:9])
    small.write("d.parquet", TEXTS[9:], row_group_size=4)

    assert fit(small, chunk_rows=3).name == name


def test_another_text_makes_another_name_also_where_the_counts_are_equal(small: Any) -> None:
    small.write("a.parquet", ["the cat sat"])
    name = fit(small).name
    small.write("a.parquet", ["sat the cat"])

    assert fit(small).name != name


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

    with pytest.raises(ValueError, match="was counted with another tokenizer"):
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


def test_special_tokens_weigh_least_where_they_count(make_arithmetic_encoder: Any) -> None:
    # States are (id, position, layer). In one document of w0, df of [CLS], w0 and [SEP] is 1: all
    # weights are equal. Of four documents of which one has w0, idf is ln(5 / 2) + 1 and 1.
    encoder = make_arithmetic_encoder()
    rare = np.log(5 / 2) + 1
    vectors = encode(
        encoder,
        ["w0"],
        counts={CLS: 4, SEP: 4, 4: 1},
        documents=4,
        special_tokens=True,
        prompt_tokens=True,
    )

    expected = (1 * CLS + rare * 4 + 1 * SEP) / (2 + rare)
    assert vectors[0, 0] == pytest.approx(expected, abs=1e-6)


def test_a_text_alone_has_the_bytes_that_it_has_among_1000_others(
    make_arithmetic_encoder: Any,
) -> None:
    encoder = make_arithmetic_encoder()
    texts = [" ".join(f"w{(n * k) % 60}" for k in range(1, 2 + n % 29)) for n in range(1001)]
    counts = {token: 1 + token % 9 for token in range(64)}
    for strategy in ("idf_mean", "sif_mean"):
        together = encode(encoder, texts, counts=counts, documents=9, strategy=strategy)
        for n in (0, 28, 1000):
            alone = encode(encoder, [texts[n]], counts=counts, documents=9, strategy=strategy)
            assert alone.tobytes() == together[n : n + 1].tobytes()


def test_a_real_model_gives_a_text_the_same_vector_alone_and_among_others(small: Any) -> None:
    # The model's own products of matrices round by the shape of the batch, hence the tolerance.
    small.write("a.parquet", TEXTS)
    component = ComponentSpec(sample_texts=20)
    poolings = (*fit(small).poolings, *fit_component(small, component).poolings)
    store = open_existing_store(str(small.store))
    encoder = tasks.encoders.process_encoder(small.encoder, None)
    for pooling in poolings:
        fitted = load_fitted(store, [str(pooling.weights)])
        together = encoder.encode(TEXTS * 25, pooling, fitted=fitted)
        alone = encoder.encode([TEXTS[5]], pooling, fitted=fitted)
        np.testing.assert_allclose(alone[0], together[5], rtol=0, atol=1e-6)


def encode(
    encoder: Any, texts: Sequence[str], *, counts: dict[int, int], documents: int, **spec: Any
) -> np.ndarray:
    """With counts of 64 ids, of which as many documents as occurrences have each."""
    table = torch.zeros(64, dtype=torch.int64)
    for token, count in counts.items():
        table[token] = count
    tensors = {
        "token_counts": table,
        "document_counts": table,
        "num_tokens": table.sum(),
        "num_documents": torch.tensor(documents),
    }
    pooling = PoolingSpec(
        **{"strategy": "idf_mean", "weights": "counts", "normalize": False} | spec
    )
    vectors: np.ndarray = encoder.encode(
        texts, pooling, fitted={"counts": Fitted(name_counts(tensors))}
    )
    return vectors


def test_the_component_is_the_first_singular_vector_of_the_sample(small: Any) -> None:
    small.write("a.parquet", TEXTS)
    raw = {"layers": [1], "normalize": False}
    component = ComponentSpec.model_validate({"pooling": raw, "sample_texts": 1_000})
    fitted = fit_component(small, component)
    plain = PoolingSpec(**raw, strategy="sif_mean", weights=fit(small).name)
    small.embed(poolings=(plain, *fitted.poolings))
    spaces = [name for (name,) in small.ask("SELECT space FROM spaces ORDER BY len(space)")]
    before, after = (vectors_of(small, name) for name in spaces)

    _, values, directions = np.linalg.svd(before.astype(np.float64), full_matrices=False)

    u = directions[0]
    np.testing.assert_allclose(after, before - np.outer(before @ u, u), rtol=0, atol=1e-5)
    assert fitted.component_share == pytest.approx(values[0] ** 2 / (values**2).sum(), abs=1e-6)
    assert (fitted.texts, about(small, fitted.name)["sample"]["texts"]) == (40, 40)


@pytest.mark.parametrize(
    ("settings", "encoder", "said"),
    [
        ({"layers": (1,)}, {}, r"layers \[-1\], found \[1\]"),
        ({"special_tokens": True}, {}, "special_tokens False, found True"),
        ({"parameters": {"a": 0.01, "remove_component": True}}, {}, "'a': 0.01"),
        ({}, {"prompt": "passage: "}, r"another encoder \(prompt differ"),
    ],
)
def test_a_component_of_other_settings_or_of_another_encoder_is_refused(
    small: Any, settings: dict[str, Any], encoder: dict[str, Any], said: str
) -> None:
    small.write("a.parquet", TEXTS)
    (pooling,) = fit_component(small, ComponentSpec(sample_texts=10)).poolings
    small.plan(poolings=(pooling.model_copy(update={"dimensions": 4, "normalize": False}),))

    with pytest.raises(ValueError, match=said):
        small.plan(
            poolings=(pooling.model_copy(update=settings),),
            encoder=small.encoder.model_copy(update=encoder),
        )


@pytest.mark.parametrize(
    ("pooling", "said"),
    [
        ("mean", "only sif_mean"),
        ({"parameters": {"remove_component": False}}, "only sif_mean"),
        ({"layers": [0, 1], "combine": "mix"}, "Give mix_weights"),
        ({"weights": "tokens-12345678"}, "leave weights out"),
    ],
)
def test_a_pooling_that_removes_no_component_is_refused(pooling: Any, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        ComponentSpec(pooling=pooling)


def test_a_component_of_a_layer_that_does_not_exist_is_refused_before_reading(small: Any) -> None:
    component = ComponentSpec.model_validate({"pooling": {"layers": [9]}})

    with pytest.raises(ValueError, match=r"layers \[9\] do not exist"):
        check_request(asked(small, component))


def test_what_cannot_be_read_is_refused_unless_it_is_tolerated(small: Any) -> None:
    small.write("a.parquet", TEXTS)
    whole = fit(small).name
    (small.sources / "b.parquet").write_bytes(b"no Parquet")

    with pytest.raises(ValueError, match=r"cannot be read whole(.|\n)*b\.parquet(.|\n)*tolerate"):
        fit(small)

    fitted = fit(small, tolerate_unreadable=True)
    assert [reason.split(":")[0] for reason in fitted.unread] == ["b.parquet"]
    assert about(small, fitted.name)["is_whole_corpus"] is False
    assert fitted.name != whole


def test_a_damaged_page_is_refused_unless_it_is_tolerated(small: Any) -> None:
    options = {"compression": "none", "write_page_checksum": True, "use_dictionary": False}
    path = small.write("a.parquet", TEXTS, row_group_size=10, options=options)
    path.write_bytes(path.read_bytes().replace(b"page 25", b"page !!"))

    with pytest.raises(ValueError, match=r"a\.parquet rows 20-29"):
        fit(small, chunk_rows=10)

    assert fit(small, chunk_rows=10, tolerate_unreadable=True).texts == 30


def test_a_corpus_without_a_text_is_refused(small: Any) -> None:
    small.write("a.parquet", [None, " "])

    with pytest.raises(ValueError, match=r"2 of 2 rows have no text.*text_columns"):
        fit(small)
    assert not (small.store / "models").exists()


def test_damaged_counts_are_refused_by_name_when_the_run_is_planned(small: Any) -> None:
    small.write("a.parquet", TEXTS)
    fitted = fit(small)
    path = small.store / "models" / fitted.name / "tensors.safetensors"
    path.write_bytes(path.read_bytes()[:-1])

    with pytest.raises(StoreError, match=fitted.name):
        small.plan(poolings=fitted.poolings)

    assert fit(small).name == fitted.name
    assert small.plan(poolings=fitted.poolings)


def test_what_is_printed_to_type_is_that_pooling(small: Any) -> None:
    small.write("a.parquet", TEXTS)
    component = ComponentSpec.model_validate({"pooling": {"layers": [1]}, "sample_texts": 10})
    for pooling in (*fit(small).poolings, *fit_component(small, component).poolings):
        assert PoolingSpec.model_validate_json(pooling_to_type(pooling)) == pooling
