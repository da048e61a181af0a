"""Chinese poems: TF-IDF of characters, an encoder of another language, a small one of their own.

The small one is made here, fine-tuned with a pooling, and then embeds the poems as any encoder.
"""

import shutil

import numpy as np

from benchmarks.label_accuracy import TFIDF, judge
from benchmarks.label_data import LabelData
from benchmarks.label_report import metric_figure, paired_figure
from benchmarks.results import CACHE, Figure, Measurement
from benchmarks.small_encoder import SmallBert, write_small_bert
from embedding import EncoderSpec, load_encoder
from labeling import (
    FineTuneSpec,
    Member,
    MemberOptions,
    SpaceSource,
    compare,
    fine_tune,
    finish_linear,
    predict,
)
from pooling import PoolingSpec

UNKNOWN_TO_WARN_OF = 0.1
MEAN = "MiniLM mean"
SMALL = "small BERT of the poems, fine-tuned"
SIZE = SmallBert(epochs=4)
OPTIONS = FineTuneSpec(epochs=4, encoder_learning_rate=5e-4)
FOLDER = CACHE / "small_bert"


def measure(data: LabelData) -> Measurement:
    """Accuracy of all, and the share of tokens that a tokenizer does not know."""
    members = {TFIDF: data.tfidf(), MEAN: data.logistic("mean"), SMALL: _fine_tuned(data)}
    asked = {TFIDF: "at least 0.800"}
    found = {name: judge(data, member) for name, member in members.items()}
    figures = [
        metric_figure(f"{name}: accuracy", one.metric("accuracy"), goal=asked.get(name, ""))
        for name, one in found.items()
    ]
    said = {name: data.predictions(member) for name, member in members.items()}
    figures += [
        paired_figure(compare(*pair, data.truth, said[pair[0]], said[pair[1]]))
        for pair in ((TFIDF, MEAN), (SMALL, TFIDF), (SMALL, MEAN))
    ]
    figures += [_unknown(data, "MiniLM", data.encoder), _unknown(data, SMALL, _tuned())]
    figures.append(_embedded(data, members[SMALL]))
    return Measurement(piece="poems", corpus=data.name, about=f"{data.notes}.", figures=figures)


def _tuned() -> EncoderSpec:
    return EncoderSpec(model=str(FOLDER / "tuned"), device="cpu")


def _fine_tuned(data: LabelData) -> Member:
    """Kept beside its folder; both are there or neither is."""

    def train() -> Member:
        examples = data.examples
        shutil.rmtree(FOLDER, ignore_errors=True)
        write_small_bert(FOLDER / "first", [examples.texts[i] for i in examples.train], SIZE)
        spec = EncoderSpec(model=str(FOLDER / "first"), device="cpu")
        tuned = fine_tune(spec, PoolingSpec(), examples, OPTIONS, FOLDER / "tuned")
        return finish_linear(
            examples,
            tuned.fit,
            source=SpaceSource(space="tuned", name="tuned"),
            parameters=OPTIONS.model_dump(mode="json"),
            options=MemberOptions(title="small_bert"),
        )

    return data.kept(SMALL, [str(SIZE), OPTIONS.model_dump(mode="json")], train)


def _embedded(data: LabelData, member: Member) -> Figure:
    """The stored head over vectors that the tuned folder gives, as a nightly run has them."""
    texts = [data.examples.texts[i] for i in data.examples.test]
    found = predict(member.labeler, load_encoder(_tuned()).encode(texts, PoolingSpec()))
    same = (found.chosen == data.predictions(member).chosen).all(axis=1)
    off = float(np.abs(found.probabilities - member.test_probabilities).max())
    return Figure(
        what="poems labelled alike in training and when embedded again",
        value=float(same.mean()),
        unit="",
        goal="1.000",
        note=f"probabilities differ by {off:.1g} at most",
    )


def _unknown(data: LabelData, name: str, encoder: EncoderSpec) -> Figure:
    read = load_encoder(encoder).parts.tokenizer.tokenize(list(data.examples.texts))
    share = float(read.n_unknown.sum() / read.n_content)
    return Figure(
        what=f"share of tokens unknown to {name}",
        value=share,
        unit="",
        goal=f"warned of above {UNKNOWN_TO_WARN_OF}",
    )
