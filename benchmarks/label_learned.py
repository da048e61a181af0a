"""Learned poolings beside the mean: the same head, the same steps, the same rows."""

from dataclasses import replace

import numpy as np

from benchmarks.label_accuracy import judge
from benchmarks.label_data import LabelData
from benchmarks.label_report import metric_figure, paired_figure
from benchmarks.results import Measurement
from embedding import Encoder, load_encoder
from labeling import (
    HeadSpec,
    Member,
    MemberOptions,
    SpaceSource,
    TrainSpec,
    compare,
    default_learned_pooling,
    finish_linear,
    train_pooler,
)
from pooling import PoolingSpec

LEARNED, MEAN = "layer mix and attention, learned", "mean, learned head"
STATES_BYTES = 6_000_000_000
MOST_ROWS = 6_000  # to train on: of more, a sample, so that their states fit into memory


def measure_learned(whole: LabelData) -> Measurement:
    """Attention over a learned mix of all layers minus the mean of the last one."""
    places = _sample(whole)
    data = _only(whole, places)
    encoder = load_encoder(data.encoder)
    poolings = {LEARNED: default_learned_pooling(encoder), MEAN: PoolingSpec()}
    members = {name: _train(data, encoder, name, pooling) for name, pooling in poolings.items()}
    main = "accuracy" if data.is_single else "f1_micro"
    figures = [
        metric_figure(
            f"{name}: {main.replace('_', ' ')}",
            judge(data, member).metric(main),
            note=f"{member.seconds:,.0f} s on a busy machine",
        )
        for name, member in members.items()
    ]
    first, second = (data.predictions(member) for member in members.values())
    figures.append(paired_figure(compare(LEARNED, MEAN, data.truth, first, second)))
    vectors = whole.vectors("mean")[places]
    head = data.vectors_head("mean", vectors, PoolingSpec(), HeadSpec())
    logistic = data.predictions(head)
    figures.append(
        paired_figure(compare(LEARNED, "mean, logistic regression", data.truth, first, logistic))
    )
    rows = f"{len(data.examples.train):,} of the rows to train on"
    about = f"Both learned by the same steps from {rows}, stopped by the same fold."
    return Measurement(
        piece="learned", corpus=data.name, about=f"{about} {data.notes}.", figures=figures
    )


def _sample(data: LabelData) -> np.ndarray:
    """All rows to test on, and of those to train on as many as there may be."""
    train = data.examples.train
    if len(train) > MOST_ROWS:
        train = np.random.default_rng(0).choice(train, MOST_ROWS, replace=False)
    return np.sort(np.concatenate([train, data.examples.test]))


def _only(data: LabelData, places: np.ndarray) -> LabelData:
    examples = data.examples
    few = replace(
        examples,
        texts=[examples.texts[place] for place in places],
        indicator=examples.indicator[places],
        fold=examples.fold[places],
    )
    return replace(data, examples=few)


def _train(data: LabelData, encoder: Encoder, name: str, pooling: PoolingSpec) -> Member:
    options = TrainSpec(states_bytes=STATES_BYTES)

    def train() -> Member:
        found = train_pooler(encoder, data.examples, pooling, options)
        return finish_linear(
            data.examples,
            found.fit,
            source=SpaceSource(space=name, name=name),
            parameters=options.model_dump(mode="json"),
            options=MemberOptions(title=name),
        )

    stated = options.model_dump(mode="json", exclude={"states_bytes"})
    key = [data.encoder.model_dump(mode="json"), pooling.model_dump(mode="json"), stated]
    return data.kept(name, key, train)
