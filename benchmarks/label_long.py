"""Long documents: pool the windows and predict once, or predict each window and take the mean."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
from scipy.special import log_softmax, softmax
from tokenizers import Tokenizer

from benchmarks.corpora import MODEL
from benchmarks.label_data import LabelData
from benchmarks.label_report import paired_figure
from benchmarks.label_vectors import embed_texts
from benchmarks.results import Figure, Measurement, NotMeasured
from embedding import EncoderSpec
from labeling import Examples, HeadSpec, Predictions, compare
from pooling import PoolingSpec

WINDOW_TOKENS, SPECIAL_TOKENS = 128, 2
LEAST_MEAN_TOKENS = 256
SPEC = HeadSpec()
POOLED, AVERAGED, HEAD, UNWEIGHTED = (
    "windows pooled, then predicted",
    "windows predicted, then averaged",
    "the first window alone",
    "windows pooled by their largest values",
)


def measure(data: LabelData) -> Measurement:
    """Of the rows to test on; the windows of a document have its label in training.

    Raises:
        NotMeasured: The documents are not long, or have several labels.
    """
    if not data.is_single:
        raise NotMeasured("averages of windows are measured of one label for each document")
    cuts = cut_windows(data.examples.texts)
    if np.mean([sum(sizes) for _, sizes in cuts]) < LEAST_MEAN_TOKENS:
        raise NotMeasured("needs long documents, such as those of bbc")
    found = {
        POOLED: _of_documents(data, POOLED, _windows("mean")),
        AVERAGED: _of_windows(data, cuts),
        HEAD: _of_documents(data, HEAD, {}),
        UNWEIGHTED: _of_documents(data, UNWEIGHTED, _windows("max")),
    }
    right = {name: one.chosen[data.truth].mean() for name, one in found.items()}
    figures = [Figure(what=f"{n}: accuracy", value=float(v), unit="") for n, v in right.items()]
    figures += [
        paired_figure(compare(POOLED, other, data.truth, found[POOLED], found[other]))
        for other in (AVERAGED, HEAD, UNWEIGHTED)
    ]
    mean = np.mean([len(sizes) for _, sizes in cuts])
    about = f"Windows of {WINDOW_TOKENS} tokens, {mean:.1f} a document; mean, logistic regression."
    return Measurement(
        piece="long", corpus=data.name, about=f"{about} {data.notes}.", figures=figures
    )


def _windows(over: str) -> dict[str, str]:
    return {"long_texts": "windows", "over_windows": over}


def _of_documents(data: LabelData, name: str, settings: dict[str, str]) -> Predictions:
    """One vector for each document."""
    long_texts = settings.get("long_texts", "truncate")
    encoder = EncoderSpec(
        model=str(MODEL), max_tokens=WINDOW_TOKENS, device="cpu", long_texts=long_texts
    )
    pooling = PoolingSpec(over_windows=settings.get("over_windows", "mean"))
    vectors = embed_texts(data.examples.texts, encoder, {name: pooling})[name]
    reader = replace(data, encoder=encoder)
    return reader.predictions(reader.vectors_head(name, vectors, pooling, SPEC))


def _of_windows(data: LabelData, cuts: list[tuple[list[str], list[int]]]) -> Predictions:
    """The mean of the windows' log probabilities, each weighted by its tokens."""
    examples = data.examples
    document = np.repeat(np.arange(len(cuts)), [len(texts) for texts, _ in cuts])
    weight = np.array([size for _, sizes in cuts for size in sizes], np.float64)
    windows = Examples(
        schema=examples.schema,
        texts=[text for texts, _ in cuts for text in texts],
        indicator=examples.indicator[document],
        fold=examples.fold[document],
    )
    encoder = EncoderSpec(model=str(MODEL), max_tokens=WINDOW_TOKENS + 64, device="cpu")
    pooling = PoolingSpec()
    vectors = embed_texts(windows.texts, encoder, {"mean": pooling})["mean"]
    reader = replace(data, examples=windows, encoder=encoder)
    member = reader.vectors_head(AVERAGED, vectors, pooling, SPEC)
    logs = log_softmax(member.labeler.head.logits(np.asarray(vectors)), axis=1)
    sums = np.zeros(examples.indicator.shape)
    np.add.at(sums, document, logs * weight[:, None])
    means = sums / np.bincount(document, weight)[:, None]
    probabilities = softmax(means[examples.test], axis=1).astype(np.float32)
    chosen = probabilities == probabilities.max(axis=1, keepdims=True)
    score = probabilities.max(axis=1)
    return Predictions(probabilities, chosen, score, np.zeros(len(score), bool))


def cut_windows(texts: list[str]) -> list[tuple[list[str], list[int]]]:
    """The windows of each text as texts, and how many tokens each has; words stay whole."""
    tokenizer = Tokenizer.from_file(str(MODEL / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    room = WINDOW_TOKENS - SPECIAL_TOKENS
    found = []
    for text, encoding in zip(
        texts, tokenizer.encode_batch(list(texts), add_special_tokens=False), strict=True
    ):
        starts = [encoding.word_to_chars(word)[0] for word in _first_words(encoding.word_ids, room)]
        edges = [0, *starts[1:], len(text)]
        sizes = np.diff([*range(0, max(len(encoding.ids), 1), room), max(len(encoding.ids), 1)])
        pieces = [text[a:b] for a, b in pairwise(edges)]
        found.append((pieces, sizes[: len(pieces)].tolist()))
    return found


def _first_words(word_ids: list[int | None], room: int) -> list[int]:
    """The word that each window begins with."""
    return [word for word in word_ids[::room] if word is not None] or [0]
