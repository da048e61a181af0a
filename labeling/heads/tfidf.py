"""TF-IDF and logistic regression: the baseline, and a member that errs otherwise. Knows texts."""

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass as plain_dataclass
from dataclasses import replace
from functools import partial
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field
from pydantic.dataclasses import dataclass
from sklearn import linear_model
from sklearn.feature_extraction.text import TfidfVectorizer

from labeling.heads.checks import expect_tensors, texts_of
from labeling.heads.head_kind import PARAMETERS, HeadSetting, TrainingRows
from labeling.heads.linear import WEIGHTS, Inverse
from labeling.heads.separating import fit_separator
from labeling.heads.writing_systems import share_without_spaces
from labeling.labeler import Head, Inputs

logger = logging.getLogger(__name__)

Terms = Literal["words", "characters"]

# What scikit-learn is told of each way to make terms, and the inverse penalty that did well.
_TERMS: dict[str, dict[str, Any]] = {
    "words": {"analyzer": "word", "ngram_range": (1, 2)},
    "characters": {"analyzer": "char", "ngram_range": (1, 3)},
}
_TENSORS = {
    "terms": ("bytes",),
    "idf": ("terms",),
    "weights": ("labels", "terms"),
    "bias": ("labels",),
}
_MIN_TEXTS = {"words": 1, "characters": 2}
_C = {"words": 10.0, "characters": 3.0}
_MOSTLY = 0.5


@plain_dataclass(frozen=True, slots=True)
class TfidfHead:
    """Logits are weights x + bias of the TF-IDF vector x of a text.

    Attributes:
        analyzer: "words" or "characters".
        vectorizer: Scikit-learn's, with its vocabulary and inverse document frequencies.
        weights: Float32 [labels, terms].
        bias: Float32 [labels].
    """

    analyzer: str
    vectorizer: TfidfVectorizer
    weights: np.ndarray
    bias: np.ndarray

    def logits(self, inputs: Inputs) -> np.ndarray:
        """A text without a known term gets the bias alone."""
        texts = texts_of(inputs)
        if not len(texts):  # which scikit-learn refuses
            return np.empty((0, len(self.bias)))
        features = self.vectorizer.transform(texts)
        found: np.ndarray = features @ self.weights.T.astype(np.float64) + self.bias
        return found

    def tensors(self) -> dict[str, np.ndarray]:
        """`terms` is a text in JSON, as bytes: the analyzer, and the terms in their order."""
        vocabulary = self.vectorizer.vocabulary_
        terms = {"analyzer": self.analyzer, "terms": sorted(vocabulary, key=vocabulary.__getitem__)}
        return {
            "terms": np.frombuffer(json.dumps(terms).encode(), np.uint8),
            "idf": self.vectorizer.idf_,
            "weights": self.weights,
            "bias": self.bias,
        }


@dataclass(frozen=True, slots=True, config=PARAMETERS)
class Tfidf:
    """Logistic regression on TF-IDF of terms: words and pairs of words, or up to 3 characters.

    `auto` takes characters where most letters belong to scripts without spaces, such as Chinese.
    At most `max_terms` terms are kept, the most frequent ones: they bound the memory. `c` empty:
    10 for words, 3 for characters; of several the one with the least log loss is taken.
    """

    analyzer: Literal["auto", "words", "characters"] = "auto"
    c: tuple[Inverse, ...] = ()
    max_terms: Annotated[int, Field(ge=1)] = 200_000
    max_iterations: Annotated[int, Field(ge=1)] = 1_000

    def choices(self, rows: TrainingRows) -> tuple["Tfidf", ...]:
        """One for each `c`, with the analyzer that suits the texts."""
        analyzer = self.analyzer if self.analyzer != "auto" else _suitable_analyzer(rows)
        strengths = sorted(self.c) or [_C[analyzer]]
        return tuple(replace(self, analyzer=analyzer, c=(c,)) for c in strengths)

    def fit(self, rows: TrainingRows, start: Head | None) -> TfidfHead:
        """Terms are those of these rows alone."""
        vectorizer = TfidfVectorizer(
            **_TERMS[self.analyzer],
            sublinear_tf=True,
            min_df=_MIN_TEXTS[self.analyzer],
            max_features=self.max_terms,
        )
        try:
            features = vectorizer.fit_transform(texts_of(rows.inputs))
        except ValueError as error:
            raise ValueError(
                f"tfidf: no {self.analyzer} to learn from in {len(rows.inputs)} texts ({error}). "
                "Give longer texts, or leave tfidf out."
            ) from error
        make = partial(
            linear_model.LogisticRegression,
            C=rows.per_row(self.c[0]),
            class_weight=WEIGHTS[rows.class_weight],
            max_iter=self.max_iterations,
        )
        weights, bias = fit_separator(make, features, rows.indicator, rows.schema.task)
        return TfidfHead(
            self.analyzer, vectorizer, weights.astype(np.float32), bias.astype(np.float32)
        )

    def restore(self, tensors: Mapping[str, np.ndarray], setting: HeadSetting) -> TfidfHead:
        """The head with these terms and weights."""
        expect_tensors(tensors, _TENSORS, setting.sizes)
        stated = json.loads(tensors["terms"].tobytes())
        vocabulary = {term: column for column, term in enumerate(stated["terms"])}
        vectorizer = TfidfVectorizer(
            **_TERMS[stated["analyzer"]], sublinear_tf=True, vocabulary=vocabulary
        )
        vectorizer.idf_ = tensors["idf"]
        return TfidfHead(stated["analyzer"], vectorizer, tensors["weights"], tensors["bias"])


def _suitable_analyzer(rows: TrainingRows) -> Terms:
    share = share_without_spaces(texts_of(rows.inputs))
    analyzer: Terms = "characters" if share > _MOSTLY else "words"
    logger.info(
        "tfidf reads %s: %.0f %% of the letters are of scripts without spaces",
        analyzer,
        100 * share,
    )
    return analyzer
