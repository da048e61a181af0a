"""Ranges of int8 vectors: fitted on a sample that depends on texts alone, and refused elsewhere."""

from typing import Any

import numpy as np
import pytest
from safetensors.torch import load_file, save_file

from data import DamagedModel, open_existing_store
from embedding import EncoderSpec, load_encoder
from pooling import PoolingSpec
from tasks.fitted import load_fitted
from tests.ranges import TEXTS, fit_on


def test_other_ranges_are_another_space(small: Any) -> None:
    small.write("a.parquet", TEXTS)
    poolings = [fit_on(small, sample_texts=count).pooling for count in (10, 20, 30)]
    spaces = [small.plan(poolings=(pooling,)).job.spaces[0].dataset for pooling in poolings]
    assert len(set(spaces)) == 3


def test_ranges_depend_on_the_texts_not_on_their_files(small: Any) -> None:
    path = small.write("a.parquet", TEXTS)
    one = fit_on(small, sample_texts=10)
    path.unlink()
    small.write("b.parquet", TEXTS[:3:-1])
    small.write("c.parquet", TEXTS[:9])
    assert fit_on(small, sample_texts=10).name == one.name


def test_ranges_of_another_pooling_are_refused_before_anything_is_planned(small: Any) -> None:
    small.write("a.parquet", TEXTS)
    int8 = fit_on(small).pooling
    with pytest.raises(ValueError, match="of another pooling: strategy 'mean', found 'max'"):
        small.plan(poolings=(int8.model_copy(update={"strategy": "max"}),))
    other = small.encoder.model_copy(update={"max_tokens": 9})
    with pytest.raises(ValueError, match="of another encoder: max_tokens 512, found 9"):
        small.plan(poolings=(int8,), encoder=other)
    with pytest.raises(ValueError, match="no model 'nothing-12345678'"):
        small.plan(poolings=(int8.model_copy(update={"ranges": "nothing-12345678"}),))
    assert not list((small.store / "plans").glob("*"))


def test_ranges_that_were_damaged_are_missed_by_name(small: Any) -> None:
    small.write("a.parquet", TEXTS)
    int8 = fit_on(small).pooling
    small.embed(poolings=(int8,))
    (small.store / "models" / int8.ranges / "tensors.safetensors").write_bytes(b"")
    with pytest.raises(DamagedModel, match=f"models/{int8.ranges}.*not those that were saved"):
        small.embed()


def test_ranges_need_a_pooling_of_floats(small: Any) -> None:
    small.write("a.parquet", TEXTS)
    with pytest.raises(ValueError, match=r"found precision 'binary'.*Leave pooling\.precision out"):
        fit_on(small, PoolingSpec(precision="binary"))


def test_a_corpus_that_cannot_be_read_whole_gives_no_ranges(small: Any) -> None:
    small.write("a.parquet", TEXTS)
    (small.sources / "b.parquet").write_bytes(b"not parquet")
    with pytest.raises(ValueError, match=r"cannot be read whole(.|\n)*b\.parquet: (.|\n)*Mend"):
        fit_on(small)
    assert not list((small.store / "models").glob("*"))


def test_the_pooling_of_the_model_is_taken_where_none_is_named(small: Any) -> None:
    small.write("a.parquet", TEXTS)
    assert fit_on(small, None).pooling == fit_on(small).pooling


def test_an_encoder_refuses_ranges_that_are_not_of_its_vectors(small: Any) -> None:
    small.write("a.parquet", TEXTS)
    int8 = fit_on(small).pooling
    ranges = load_fitted(open_existing_store(str(small.store)), [str(int8.ranges)])
    encoder = load_encoder(small.encoder)
    found = encoder.encode(TEXTS, int8, fitted=ranges)
    assert (found.dtype, found.min(), found.max()) == (np.int8, -128, 127)
    with pytest.raises(ValueError, match=r"another pooling: layers \[-1\], found \[0\]"):
        encoder.encode(TEXTS, int8.model_copy(update={"layers": (0,)}), fitted=ranges)
    with pytest.raises(ValueError, match="are not here; found none"):
        encoder.encode(TEXTS, int8)


def test_any_number_of_dimensions_is_restored_in_sql(small: Any) -> None:
    small.write("a.parquet", TEXTS)
    floats = PoolingSpec(dimensions=13)
    int8 = fit_on(small, floats).pooling
    small.embed(poolings=(floats, int8))
    query = "SELECT vector FROM splade_tiny_mean_d13{} ORDER BY row"
    expected, found = (
        np.array([vector for (vector,) in small.ask(query.format(name))]) for name in ("", "_int8")
    )
    assert found.shape == (30, 13)
    assert np.abs(found - expected).max() <= np.ptp(expected, axis=0).max() / 509


def test_ranges_are_of_the_model_that_is_there_now_not_of_one_that_was_loaded_before(
    small: Any, make_folder: Any
) -> None:
    small.write("a.parquet", ["w1 w2", "w3 w4 w5", "w6"])
    folder = make_folder("bert")
    small.encoder = EncoderSpec(model=str(folder), device="cpu")
    fit_on(small)
    weights = load_file(folder / "model.safetensors")
    others = {name: tensor.flip(0).contiguous() for name, tensor in weights.items()}
    save_file(others, folder / "model.safetensors", metadata={"format": "pt"})

    name = str(fit_on(small).pooling.ranges)

    ranges = load_fitted(open_existing_store(str(small.store)), [name])[name]
    vectors = load_encoder(small.encoder).encode(["w1 w2", "w3 w4 w5", "w6"], PoolingSpec())
    np.testing.assert_allclose(ranges.tensors["maximum"], vectors.max(axis=0), atol=1e-6)
