"""How many tokens of a text are read: the spec, the tokenizer's file and the position table."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from embedding import EncoderSpec, identify_encoder, load_encoder

MakeFolder = Callable[..., Path]


@pytest.mark.parametrize(
    ("stated", "asked", "expected"),
    [(32, None, 20), (12, None, 12), (12, 15, 15), (10**30, None, 20)],
)
def test_the_maximum_is_the_specs_or_the_smaller_of_tokenizer_and_positions(
    stated: int, asked: int | None, expected: int, make_folder: MakeFolder
) -> None:
    folder = make_folder("bert", max_position_embeddings=20)
    config = (folder / "tokenizer_config.json").read_text()
    assert '"model_max_length": 32' in config
    (folder / "tokenizer_config.json").write_text(config.replace("32", str(stated)))
    spec = EncoderSpec(model=str(folder), max_tokens=asked)
    assert identify_encoder(spec).max_tokens == expected


@pytest.mark.parametrize(("kind", "limit"), [("bert", 20), ("roberta", 19), ("xlm-roberta", 19)])
def test_a_maximum_beyond_the_position_table_is_refused(
    kind: str, limit: int, make_folder: MakeFolder
) -> None:
    folder = make_folder(kind, max_position_embeddings=20)  # RoBERTa's first position is 0 + 1
    with pytest.raises(ValueError, match=f"end at {limit}. Set encoder.max_tokens to {limit}"):
        load_encoder(EncoderSpec(model=str(folder), max_tokens=limit + 1))
    encoder = load_encoder(EncoderSpec(model=str(folder), max_tokens=limit, device="cpu"))
    vectors = encoder.encode(["w1 " * (limit - 2), "w1 " * limit])
    np.testing.assert_array_equal(vectors[0], vectors[1])


def test_a_folder_that_states_no_maximum_needs_one(make_folder: MakeFolder) -> None:
    folder = make_folder("xlnet", d_model=16, n_layer=1, n_head=2, d_inner=16)
    config = folder / "tokenizer_config.json"
    config.write_text(config.read_text().replace('"model_max_length": 32, ', ""))
    with pytest.raises(ValueError, match=r"states no maximum length. Set encoder.max_tokens"):
        identify_encoder(EncoderSpec(model=str(folder)))
