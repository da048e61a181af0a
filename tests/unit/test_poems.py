"""Chinese poems, from characters to labels: a small BERT of their own is trained and used."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from benchmarks.small_encoder import SmallBert, write_small_bert
from data import StoreSpec, open_store
from embedding import Encoder, EncoderSpec, load_encoder
from labeling import (
    Examples,
    FineTuneSpec,
    LabelledTexts,
    MemberOptions,
    SpaceSource,
    SplitSpec,
    decide,
    fine_tune,
    finish_linear,
    predict,
    prepare_examples,
)
from pooling import PoolingSpec
from tasks.fitted import save_fitted

SAMPLE = Path(__file__).parents[2] / "samples/poems.parquet"
SIZE = SmallBert(hidden=32, layers=2, heads=2, epochs=1)


@pytest.fixture(scope="module")
def poems() -> Examples:
    table = pq.read_table(SAMPLE)
    texts, labels, split = (table[name].to_pylist() for name in ("text", "label", "split"))
    return prepare_examples(LabelledTexts(texts, labels, split), SplitSpec()).examples


@pytest.fixture(scope="module")
def spec(poems: Examples, tmp_path_factory: pytest.TempPathFactory) -> EncoderSpec:
    """A BERT of the characters of the poems to train on."""
    folder = tmp_path_factory.mktemp("poems") / "bert"
    write_small_bert(folder, [poems.texts[i] for i in poems.train], SIZE)
    return EncoderSpec(model=str(folder), device="cpu")


def unknown_share(encoder: Encoder, poems: Examples) -> float:
    (found,) = encoder.encode_groups([poems.texts], [PoolingSpec()])
    return float(np.sum(found.n_unknown)) / found.n_content


def test_a_vocabulary_of_the_poems_knows_characters_that_an_english_one_does_not(
    spec: EncoderSpec, poems: Examples, tiny_encoder: Encoder
) -> None:
    assert unknown_share(load_encoder(spec), poems) < 0.25
    assert unknown_share(tiny_encoder, poems) > 0.5


@pytest.mark.parametrize("strategy", ["mean", "attention"])
def test_the_accuracy_read_from_duckdb_is_that_of_the_training_to_the_last_row(
    strategy: str, spec: EncoderSpec, poems: Examples, small: Any, tmp_path: Path
) -> None:
    options = FineTuneSpec(epochs=2, encoder_learning_rate=1e-3)
    pooling = PoolingSpec(strategy=strategy)
    tuned = fine_tune(spec, pooling, poems, options, tmp_path / "tuned")
    if tuned.fitted is not None:
        name = save_fitted(open_store(StoreSpec(path=str(small.store))), "poems", tuned.fitted)
        pooling = pooling.model_copy(update={"weights": name})
    member = finish_linear(
        poems,
        tuned.fit,
        source=SpaceSource(space="0" * 64, name="poems"),
        parameters=options.model_dump(mode="json"),
        options=MemberOptions(title="dynasty"),
    )

    small.write("a.parquet", list(poems.texts))
    small.embed(encoder=tuned.encoder, poolings=(pooling,), chunk_rows=50)
    ((space,),) = small.ask("SELECT space FROM spaces")
    vectors = np.array([v for (v,) in small.ask(f"SELECT vector FROM {space} ORDER BY row")])
    stored = predict(member.labeler, vectors[poems.test].astype(np.float32))
    own = decide(member.test_probabilities, member.labeler.spec)
    np.testing.assert_array_equal(stored.chosen, own.chosen)
    np.testing.assert_allclose(stored.probabilities, own.probabilities, atol=1e-5)
