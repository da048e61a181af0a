"""The windows of a long text against sentence-transformers, which reads each as a text of its own.

MiniLM reads 256 tokens: 254 and the two special ones. The words are single tokens, so windows of
254 end between words.
"""

from pathlib import Path

import numpy as np
import pytest
from sentence_transformers import SentenceTransformer

from embedding import EncoderSpec, load_encoder
from pooling import PoolingSpec

TOLERANCE = 1e-5
WORDS = "the dog saw a cat run under one old tree while rain fell on green hills and no bird sang"


@pytest.mark.parametrize("overlap", [0, 50])
def test_windows_have_the_vectors_of_their_texts_averaged_by_tokens(
    overlap: int, minilm: Path
) -> None:
    words = (WORDS.split() * 60)[:1_100]
    starts = range(0, len(words) - overlap, 254 - overlap)
    windows = [words[start : start + 254] for start in starts]
    whole = SentenceTransformer(str(minilm), device="cpu")
    reference = SentenceTransformer(modules=[whole[0], whole[1]], device="cpu")  # not scaled
    theirs = reference.encode([" ".join(window) for window in windows], batch_size=1)
    weights = np.array([len(window) + 2 for window in windows])
    expected = (theirs * weights[:, None]).sum(axis=0) / weights.sum()

    spec = EncoderSpec(
        model=str(minilm), device="cpu", long_texts="windows", window_overlap=overlap
    )
    encoder = load_encoder(spec)
    poolings = [PoolingSpec(normalize=False), PoolingSpec(normalize=False, over_windows="max")]
    (found,) = encoder.encode_groups([[" ".join(words)]], poolings)

    assert found.n_windows.tolist() == [len(windows)]
    assert found.n_tokens.tolist() == [1_102]
    np.testing.assert_allclose(found.vectors[0][0], expected, atol=TOLERANCE)
    np.testing.assert_allclose(found.vectors[1][0], theirs.max(axis=0), atol=TOLERANCE)
