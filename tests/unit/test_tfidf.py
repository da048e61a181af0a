"""The head over texts: against scikit-learn, and what it reads of which writing."""

import json
import logging

import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from labeling import (
    Examples,
    HeadSpec,
    LabelSchema,
    MemberOptions,
    labeler_from_bytes,
    labeler_to_bytes,
    predict,
    train_text_head,
)
from labeling.heads.head_kind import TrainingRows
from labeling.heads.tfidf import Tfidf
from labeling.heads.writing_systems import share_without_spaces
from tests.labelled import draw_examples, train

TOLERANCE = 1e-6
CHINESE = ["床前明月光", "疑是地上霜", "舉頭望明月", "低頭思故鄉"]


@pytest.mark.parametrize(
    ("analyzer", "settings", "c"),
    [
        ("words", {"analyzer": "word", "ngram_range": (1, 2)}, 10),
        ("characters", {"analyzer": "char", "ngram_range": (1, 3), "min_df": 2}, 3),
    ],
)
def test_a_stored_head_gives_the_probabilities_of_scikit_learns_pipeline(
    analyzer: str, settings: dict[str, object], c: float
) -> None:
    examples, vectors = draw_examples()
    member = train("tfidf", examples, vectors, parameters={"analyzer": analyzer})
    about, tensors = labeler_to_bytes(member.labeler)
    labeler = labeler_from_bytes(json.loads(json.dumps(about)), tensors)
    model = make_pipeline(
        TfidfVectorizer(sublinear_tf=True, **settings), LogisticRegression(C=c, max_iter=1_000)
    )
    model.fit(
        [examples.texts[place] for place in examples.train],
        examples.indicator[examples.train].argmax(axis=1),
    )
    asked = [*examples.texts, "a text without a known word", ""]
    logits = labeler.head.logits(asked)
    found = np.exp(logits - logits.max(axis=1, keepdims=True))
    expected = model.predict_proba(asked)
    np.testing.assert_allclose(found / found.sum(axis=1, keepdims=True), expected, atol=TOLERANCE)


def test_chinese_is_read_by_characters_and_that_is_said(caplog: pytest.LogCaptureFixture) -> None:
    rows = TrainingRows(_SCHEMA, CHINESE, np.eye(2, dtype=bool)[[0, 1, 0, 1]])
    with caplog.at_level(logging.INFO):
        (chosen,) = Tfidf().choices(rows)
    assert (chosen.analyzer, chosen.c) == ("characters", (3.0,))
    assert "tfidf reads characters: 100 % of the letters" in caplog.text


def test_english_is_read_by_words() -> None:
    rows = TrainingRows(_SCHEMA, ["a bee", "an ant"], np.eye(2, dtype=bool))
    (chosen,) = Tfidf().choices(rows)
    assert (chosen.analyzer, chosen.c) == ("words", (10.0,))


@pytest.mark.parametrize(
    ("texts", "share"),
    [
        (["月月 ab"], 0.5),
        (["1 2 3", ""], 0.0),
        ([], 0.0),
        (["ひらがな", "カタカナ"], 1.0),
        (["한국어"], 0.0),
    ],
)
def test_letters_of_scripts_without_spaces_are_counted(texts: list[str], share: float) -> None:
    assert share_without_spaces(texts) == share


def test_the_labeler_says_what_it_reads() -> None:
    examples = Examples(
        _SCHEMA, CHINESE * 10, np.eye(2, dtype=bool)[[0, 1, 0, 1] * 10], np.arange(40) // 4 % 3 - 1
    )
    options = MemberOptions(title="poems")
    member = train_text_head(examples, spec=HeadSpec(head="tfidf"), options=options)
    assert member.labeler.spec.source.kind == "text"
    assert member.labeler.spec.method.parameters["analyzer"] == "characters"


def test_no_more_terms_are_kept_than_allowed() -> None:
    member = train("tfidf", *draw_examples(), parameters={"max_terms": 7})
    assert member.labeler.head.tensors()["weights"].shape == (3, 7)


def test_texts_without_a_term_are_refused_with_what_to_do() -> None:
    rows = TrainingRows(_SCHEMA, ["!", "?"], np.eye(2, dtype=bool))
    with pytest.raises(ValueError, match=r"no words to learn from in 2 texts .* leave tfidf out"):
        Tfidf(analyzer="words", c=(1.0,)).fit(rows, None)


def test_vectors_are_refused() -> None:
    labeler = train("tfidf", *draw_examples()).labeler
    with pytest.raises(ValueError, match=r"labeler 'tfidf': expected texts; found an array"):
        predict(labeler, np.zeros((2, 3), np.float32))


_SCHEMA = LabelSchema(task="single_label", labels=("one", "two"))
