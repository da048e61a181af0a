"""Windows of long texts on their way: in batches with short texts, in groups, in little memory.

Eight tokens are read at once: [CLS], six words, [SEP]; the state of a token is (its id, its
position in the window, the layer, 2).
"""

from collections.abc import Callable

import numpy as np
import pytest
import torch

from embedding import Encoder, load_encoder
from pooling import PoolingSpec, Sizes, TextPooler, TokenBatch

MakeEncoder = Callable[..., Encoder]
MEAN = PoolingSpec(normalize=False)


def words(count: int) -> str:
    return " ".join(f"w{i}" for i in range(count))


def test_a_short_text_has_the_bytes_that_it_has_where_texts_are_cut(
    make_windows: MakeEncoder, make_arithmetic_encoder: MakeEncoder
) -> None:
    texts = [words(n) for n in (3, 5, 6)]
    cut = make_arithmetic_encoder(max_tokens=8).encode([*texts, "w0"])
    assert make_windows().encode([*texts, words(40)])[:3].tobytes() == cut[:3].tobytes()


def test_neighbours_and_their_order_change_no_byte(make_windows: MakeEncoder) -> None:
    encoder = make_windows(window_overlap=1)
    pooling = PoolingSpec(strategy="max_min", over_windows="max")
    texts = [words(1 + i % 59) for i in range(1_000)]
    alone = encoder.encode([words(55)], pooling)
    among = encoder.encode([*texts[:500], words(55), *texts[500:]], pooling)
    assert among[500].tobytes() == alone[0].tobytes()
    turned = encoder.encode(texts[::-1], pooling)[::-1]
    assert turned.tobytes() == encoder.encode(texts, pooling).tobytes()


def test_a_vector_depends_on_its_text_alone(tiny_encoder: Encoder) -> None:
    spec = tiny_encoder.spec.model_copy(update={"long_texts": "windows", "max_tokens": 16})
    encoder = load_encoder(spec)
    long = "The quick brown fox jumps over the lazy dog, time and again. " * 10
    others = [f"sentence {i} " * (1 + i % 20) for i in range(1_000)]
    poolings = [PoolingSpec(), PoolingSpec(strategy="max_min", over_windows="max")]
    (alone,) = encoder.encode_groups([[long]], poolings)
    (among,) = encoder.encode_groups([[*others[:300], long, *others[300:]]], poolings)
    for one, many in zip(alone.vectors, among.vectors, strict=True):
        np.testing.assert_allclose(many[300], one[0], atol=1e-6)


def test_a_text_without_a_token_stays_one_beside_long_ones(make_windows: MakeEncoder) -> None:
    (found,) = make_windows().encode_groups([["", words(20), ""]], [MEAN])
    assert found.no_tokens.tolist() == [True, False, True]
    assert found.n_windows.tolist() == [1, 4, 1]
    assert found.bad[0].tolist() == [False, False, False]


def test_windows_share_batches_with_short_texts_longest_first(make_windows: MakeEncoder) -> None:
    encoder = make_windows(budget=16)
    encoder.encode(["w0", words(13), "w1 w2 w3 w4 w5 w6", "w1"], MEAN)
    # three windows of eight tokens and three of three, two to a batch
    assert encoder.parts.transformer.module.sizes == [(2, 8), (2, 8), (2, 3)]


def test_memory_that_runs_out_amid_the_windows_changes_no_vector(make_windows: MakeEncoder) -> None:
    encoder = make_windows(trouble={"capacity": 20})
    texts = [words(55), "w1", words(31)]
    vectors = encoder.encode(texts, MEAN)
    assert max(a * b for a, b in encoder.parts.transformer.module.sizes) <= 20
    np.testing.assert_array_equal(vectors, make_windows().encode(texts, MEAN))


@pytest.mark.parametrize("waiting", [1, 3, 10, 11])
def test_texts_go_in_groups_of_few_windows_and_come_out_alike(
    waiting: int, make_windows: MakeEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = ["w0", words(55), "", words(7), words(13), "w1", words(31)]
    whole = make_windows().encode_groups([texts], [MEAN])
    monkeypatch.setattr("embedding.pooled_texts.WAITING_WINDOWS", waiting)
    grouped = make_windows().encode_groups([texts], [MEAN])
    np.testing.assert_array_equal(next(whole).vectors[0], next(grouped).vectors[0])


def test_a_window_without_direction_marks_its_text_and_no_other(make_windows: MakeEncoder) -> None:
    encoder = make_windows(trouble={"poison": np.nan})  # a window that holds w9
    (found,) = encoder.encode_groups([["w1", words(20), words(9)]], [MEAN])
    assert found.bad[0].tolist() == [False, True, False]


def test_attention_over_two_levels_reads_windows_by_itself(make_windows: MakeEncoder) -> None:
    spec = PoolingSpec(
        strategy="hierarchical_attention", weights="mine", parameters={"units": 2}, normalize=False
    )
    torch.manual_seed(0)
    pooler = TextPooler(spec, Sizes(hidden=3, vocabulary=64))
    texts = ["w0", words(7), words(20)]
    vectors = make_windows().encode(texts, spec, fitted={"mine": pooler.to_fitted()})
    for text, vector in zip(texts, vectors, strict=True):
        batch = batch_of_windows([int(word[1:]) + 4 for word in text.split()])
        np.testing.assert_allclose(vector, pooler.pool(batch)[0].detach(), atol=1e-6)


def batch_of_windows(ids: list[int]) -> TokenBatch:
    """A text as the arithmetic model gives it: [CLS], up to six words and [SEP] in each window."""
    windows = [[2, *ids[i : i + 6], 3] for i in range(0, len(ids), 6)]
    states = [[float(i), float(p), 2.0] for window in windows for p, i in enumerate(window)]
    number = [j for j, window in enumerate(windows) for _ in window]
    zeros = torch.zeros(len(number), dtype=torch.int64)
    return TokenBatch(
        states=torch.tensor(states),
        segment=zeros,
        n=1,
        ids=zeros,
        counted=~zeros.bool(),
        window=torch.tensor(number),
    )


@pytest.mark.parametrize("precision", ["float16", "binary"])
def test_windows_become_one_vector_before_it_is_rounded(
    precision: str, make_arithmetic_encoder: MakeEncoder
) -> None:
    encoder = make_arithmetic_encoder(max_tokens=8, long_texts="windows")
    wide = {"layers": (0, 1), "combine": "concat", "normalize": False}
    exact = PoolingSpec.model_validate({"strategy": "max_min", "precision": "float32", **wide})
    rounded = exact.model_copy(update={"precision": precision, "dimensions": 8})
    exact = exact.model_copy(update={"dimensions": 8})
    (found,) = encoder.encode_groups([["w0", words(20)]], [exact, rounded])
    whole, short = found.vectors
    expected = (
        whole.astype(np.float16) if precision == "float16" else np.packbits(whole > 0, axis=1)
    )
    assert short.tobytes() == expected.tobytes()
