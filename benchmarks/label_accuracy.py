"""How well heads over poolings label, beside TF-IDF; what ensembles add; how honest scores are."""

import itertools

from benchmarks.label_data import LabelData
from benchmarks.label_report import metric_figure, paired_figure
from benchmarks.label_vectors import POOLINGS
from benchmarks.results import Figure, Measurement
from labeling import ENSEMBLES, Evaluation, HeadSpec, Member, PairedTest, compare, evaluate

TFIDF = "tfidf"
STACK = "stack of all"
# Accuracy that was measured elsewhere, and how much less of it passes.
ELSEWHERE: dict[str, tuple[float, dict[str, float]]] = {
    "wordnet12": (0.015, {"cls": 0.776, "mean": 0.845, "last-4 concat": 0.863, TFIDF: 0.776}),
    "wordnet_nouns": (
        0.010,
        {
            "cls": 0.757,
            "mean": 0.794,
            "max": 0.767,
            "min": 0.765,
            "max_min": 0.792,
            "last-4 mean": 0.804,
            "last-4 concat": 0.836,
            TFIDF: 0.824,
            STACK: 0.851,
        },
    ),
}
PAIRS = (("mean", "cls"), ("last-4 mean", "mean"), ("max_min", "max"), ("max_min", "min"))
SURE = {("mean", "cls"): "p < 1e-6"}
LAST_LAYER = ("cls", "mean", "max", "min")
SEEDS = (0, 1, 2)
MANY_SCORES, LARGEST_ECE = 5_000, 0.03


def train_all(data: LabelData) -> dict[str, Member]:
    """A logistic regression over each pooling, and the baseline."""
    return {name: data.logistic(name) for name in POOLINGS} | {TFIDF: data.tfidf()}


def measure_poolings(data: LabelData) -> Measurement:
    """Each pooling, the baseline, and pairs of them on the same rows."""
    members = train_all(data)
    figures = [_accuracy(data, name, member) for name, member in members.items()]
    figures += [
        paired_figure(_test(data, members, pair), goal=SURE.get(pair, ""))
        for pair in (*PAIRS, ("mean", TFIDF), ("last-4 concat", TFIDF))
    ]
    return _measurement("poolings", data, figures)


def measure_ensembles(data: LabelData) -> Measurement:
    """Every ensemble of everything beside its best member, and of poolings of one layer alone."""
    members = train_all(data)
    best = best_of(data, members)
    voted = {
        STACK if name == "stack" else f"{name} of all": data.ensemble(name, members)
        for name in ENSEMBLES
    }
    one_layer = {name: members[name] for name in LAST_LAYER}
    best_of_layer = best_of(data, one_layer)
    alone = {
        f"{name} of {', '.join(LAST_LAYER)}": data.ensemble(name, one_layer) for name in ENSEMBLES
    }
    everything = members | voted | alone
    figures = [_accuracy(data, name, member) for name, member in (voted | alone).items()]
    for name in voted:
        asked = "above, p < .01" if (name, data.name) == (STACK, "wordnet_nouns") else ""
        figures.append(paired_figure(_test(data, everything, (name, best)), goal=asked))
    figures += [paired_figure(_test(data, everything, (name, best_of_layer))) for name in alone]
    return _measurement("ensembles", data, figures)


def measure_seeds(data: LabelData) -> Measurement:
    """The control: three seeds of one pooling, beside three poolings of one seed.

    What three poolings gain and three seeds do not is owed to the poolings.
    """
    seeds = {f"mean, seed {seed}": data.head("mean", _mlp(seed)) for seed in SEEDS}
    poolings = {f"{name}, seed 0": data.head(name, _mlp(0)) for name in ("mean", "max", "cls")}
    lexical = {name: seeds[name] for name in list(seeds)[:2]} | {TFIDF: data.tfidf()}
    groups = {
        "three seeds of mean": seeds,
        "mean, max and cls": poolings,
        "two seeds of mean and tfidf": lexical,
    }
    voted = {name: data.ensemble("soft_vote", group) for name, group in groups.items()}
    everything = seeds | poolings | voted
    figures = [_accuracy(data, name, member) for name, member in everything.items()]
    pairs = [(name, "mean, seed 0") for name in voted]
    pairs += itertools.combinations(reversed(voted), 2)
    figures += [paired_figure(_test(data, everything, pair)) for pair in pairs]
    return _measurement("seeds", data, figures, "One hidden layer over vectors, soft votes.")


def measure_calibration(data: LabelData) -> Measurement:
    """The expected calibration error of all labelers, beside what chance alone would give."""
    members = train_all(data)
    members |= {
        STACK: data.ensemble("stack", members),
        "soft vote": data.ensemble("soft_vote", members),
    }
    figures = []
    for name, member in members.items():
        found = judge(data, member)
        figures.append(
            metric_figure(
                f"{name}: ECE",
                found.metric("ece"),
                goal=f"at most {largest_ece(data, found):.3f}",
                note=f"a perfectly calibrated one stays below {found.ece_limit:.3f} in 95 of 100",
            )
        )
    return _measurement("calibration", data, figures)


def largest_ece(data: LabelData, found: Evaluation) -> float:
    """How large it may be: of few scores, what a perfectly calibrated labeler stays below."""
    num_scores = found.num_test * (1 if data.is_single else data.truth.shape[1])
    return LARGEST_ECE if num_scores >= MANY_SCORES else found.ece_limit


def judge(data: LabelData, member: Member) -> Evaluation:
    """The evaluation on the test rows."""
    return evaluate(
        data.examples.schema, data.truth, data.predictions(member), len(data.examples.train)
    )


def best_of(data: LabelData, members: dict[str, Member]) -> str:
    """The member with the best accuracy, or micro F1, on the test rows."""

    def figure(name: str) -> float:
        chosen = data.predictions(members[name]).chosen
        return float(2 * (chosen & data.truth).sum() / (chosen.sum() + data.truth.sum()))

    return max(members, key=figure)


def _accuracy(data: LabelData, name: str, member: Member) -> Figure:
    found = judge(data, member)
    slack, known = ELSEWHERE.get(data.name, (0.0, {}))
    macro = found.metric("f1_macro")
    penalty = member.labeler.spec.method.parameters.get("c")
    words = [f"macro F1 {macro.value:.3f} ({macro.low:.3f} to {macro.high:.3f})"]
    words += [f"C = {penalty[0]:g}"] if isinstance(penalty, list) and penalty else []
    return metric_figure(
        f"{name}: {_main(data).replace('_', ' ')}",
        found.metric(_main(data)),
        goal=f"at least {known[name] - slack:.3f}" if name in known else "",
        note=", ".join(words),
    )


def _main(data: LabelData) -> str:
    return "accuracy" if data.is_single else "f1_micro"


def _test(data: LabelData, members: dict[str, Member], pair: tuple[str, str]) -> PairedTest:
    first, second = (data.predictions(members[name]) for name in pair)
    return compare(*pair, data.truth, first, second)


def _mlp(seed: int) -> HeadSpec:
    return HeadSpec(head="mlp", seed=seed)


def _measurement(
    piece: str, data: LabelData, figures: list[Figure], about: str = ""
) -> Measurement:
    words = f"{about} {data.notes}." if about else f"{data.notes}."
    return Measurement(piece=piece, corpus=data.name, about=words, figures=figures)
