"""A small BERT with a vocabulary of the texts' own characters: made, embedded with, fine-tuned.

No model at hand reads classical Chinese. It is taught by the training rows alone, without their
labels; then its vectors are labelled as they are, and after training it for the labels.
"""

import shutil
from pathlib import Path

from benchmarks.label_accuracy import TFIDF, judge
from benchmarks.label_data import LabelData
from benchmarks.label_report import metric_figure, paired_figure
from benchmarks.results import CACHE, Figure, Measurement
from benchmarks.small_encoder import SmallBert, write_small_bert
from embedding import EncoderSpec, load_encoder
from labeling import (
    FineTuneSpec,
    HeadSpec,
    LinearFit,
    Member,
    MemberOptions,
    SpaceSource,
    TrainSpec,
    compare,
    default_learned_pooling,
    fine_tune,
    finish_linear,
    train_head,
    train_pooler,
)
from pooling import PoolingSpec

FOLDERS = CACHE / "small_bert"
SIZE = SmallBert()
LEARNING = TrainSpec()
TUNING = FineTuneSpec(epochs=6, encoder_learning_rate=3e-4)
FROZEN, LEARNED, TUNED = "its mean", "its layer mix and attention, learned", "its mean, fine-tuned"


def measure(data: LabelData) -> Measurement:
    """Accuracy of its vectors as they are, with a learned pooling, and fine-tuned."""
    spec = _make(data)
    members = {
        TFIDF: data.tfidf(),
        FROZEN: data.kept(FROZEN, _key(spec, FROZEN), lambda: _frozen(data, spec)),
        LEARNED: data.kept(LEARNED, _key(spec, LEARNED), lambda: _learned(data, spec)),
        TUNED: data.kept(TUNED, _key(spec, TUNED), lambda: _tuned(data, spec)),
    }
    figures = [
        metric_figure(f"{name}: accuracy", judge(data, member).metric("accuracy"))
        for name, member in members.items()
    ]
    for first, second in ((TUNED, FROZEN), (TUNED, LEARNED), (TUNED, TFIDF)):
        found = data.predictions(members[first]), data.predictions(members[second])
        figures.append(paired_figure(compare(first, second, data.truth, *found)))
    figures.append(_unknown(data, spec))
    about = f"{SIZE.layers} layers of {SIZE.hidden}, {SIZE.epochs} epochs of masked characters"
    return Measurement(
        piece="small_bert", corpus=data.name, about=f"{about}. {data.notes}.", figures=figures
    )


def _make(data: LabelData) -> EncoderSpec:
    folder = FOLDERS / data.name
    if not folder.exists():
        made = folder.with_suffix(".unfinished")
        shutil.rmtree(made, ignore_errors=True)
        examples = data.examples
        write_small_bert(made, [examples.texts[i] for i in examples.train], SIZE)
        made.rename(folder)
    return EncoderSpec(model=str(folder), device="cpu")


def _key(spec: EncoderSpec, name: str) -> list[str]:
    settings = (LEARNING.model_dump_json(), TUNING.model_dump_json(), str(SIZE))
    return [Path(spec.model).name, name, *settings]


def _frozen(data: LabelData, spec: EncoderSpec) -> Member:
    vectors = load_encoder(spec).encode(list(data.examples.texts), PoolingSpec())
    source, options = SpaceSource(space=FROZEN, name=FROZEN), MemberOptions(title="frozen")
    return train_head(data.examples, vectors, source=source, spec=HeadSpec(), options=options)


def _learned(data: LabelData, spec: EncoderSpec) -> Member:
    encoder = load_encoder(spec)
    pooling = default_learned_pooling(encoder)
    return _finish(data, LEARNED, train_pooler(encoder, data.examples, pooling, LEARNING).fit)


def _tuned(data: LabelData, spec: EncoderSpec) -> Member:
    folder = FOLDERS / f"{data.name}_tuned"
    shutil.rmtree(folder, ignore_errors=True)
    return _finish(data, TUNED, fine_tune(spec, PoolingSpec(), data.examples, TUNING, folder).fit)


def _finish(data: LabelData, name: str, fit: LinearFit) -> Member:
    source, options = SpaceSource(space=name, name=name), MemberOptions(title="small_bert")
    return finish_linear(data.examples, fit, source=source, parameters={}, options=options)


def _unknown(data: LabelData, spec: EncoderSpec) -> Figure:
    read = load_encoder(spec).parts.tokenizer.tokenize(list(data.examples.texts))
    share = float(read.n_unknown.sum() / read.n_content)
    return Figure(what="share of tokens unknown to it", value=share, unit="")
