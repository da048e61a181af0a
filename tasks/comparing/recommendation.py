"""What to use, in one sentence: what helps on these data, and what does not.

Knows the comparison. Labelers were chosen by rows out of fold and are compared on the test alone,
so the few p-values that are read here stand as they are, without a correction for many looks.
"""

from collections.abc import Iterator

from labeling import PairedTest, Task
from tasks.comparing.comparison import Comparison
from tasks.comparing.words import p_words, percent_words, points_words

_BY_CHANCE_AT = 0.05
_RIGHT: dict[Task, str] = {
    "single_label": "{share} of the test documents right",
    "multi_label": "micro F1 {share} on the test documents",
}


def recommend(comparison: Comparison) -> str:
    """One sentence: the labeler to use, then what poolings, the encoder and ensembles are worth."""
    clauses = [_choice(comparison), *_ensembles(comparison), *_poolings(comparison)]
    clauses += [*_encoder(comparison), *_seeds(comparison)]
    if comparison.label_schema.task == "multi_label" and len(clauses) > 1:
        clauses.append("differences are in points of documents whose labels are all right")
    return "; ".join(clauses) + "."


def chosen(comparison: Comparison) -> str:
    """The labeler to use: the leader, unless it is an ensemble that gains nothing beyond chance."""
    test = comparison.test(comparison.leader, comparison.single)
    return comparison.leader if test is None or _is_gain(test) else comparison.single


def _choice(comparison: Comparison) -> str:
    name = chosen(comparison)
    share = percent_words(comparison.headline(name).value)
    return f"Use {name}: {_RIGHT[comparison.label_schema.task].format(share=share)}"


def _ensembles(comparison: Comparison) -> Iterator[str]:
    best = _best_ensemble(comparison)
    test = comparison.test(best, comparison.single) if best else None
    if best is None or test is None:
        return
    if best == chosen(comparison):
        yield f"{_more(test)} than the best single labeler, {comparison.single} ({_p(test)})"
    elif _is_gain(test):  # a gain on the test that the rows out of fold did not promise
        yield f"the best ensemble, {best}, was behind out of fold and is {_more(test)} here"
    else:
        yield f"no ensemble is better beyond chance (the best, {best}: {_against(test)})"


def _best_ensemble(comparison: Comparison) -> str | None:
    ensembles = [each for each in comparison.labelers if each.family == "ensemble"]
    best = max(ensembles, key=lambda each: each.held_quality, default=None)
    return best.name if best else None


def _poolings(comparison: Comparison) -> Iterator[str]:
    dense, plain = comparison.dense, comparison.plain
    if plain is None:
        return
    test = comparison.test(dense, plain)
    if dense == plain or test is None:
        yield f"out of fold no pooling does better than {plain}"
    elif _is_chance(test):
        yield (
            f"{plain}{_smaller(comparison)} differs from {dense} by no more than chance "
            f"({points_words(test.difference)}, {_p(test)})"
        )
    elif _is_gain(test):
        yield f"the pooling matters: {dense} is {_more(test)} than {plain} ({_p(test)})"
    else:
        yield f"{plain} is better on the test than {dense}, which led out of fold ({_p(test)})"


def _smaller(comparison: Comparison) -> str:
    """How much shorter the vectors of mean pooling are than those of the best, if they are."""
    names = (comparison.dense, comparison.plain or comparison.dense)
    best, plain = (comparison.labeler(name).cost.vector_bytes for name in names)
    return f", with vectors {best / plain:.3g} times smaller," if best > plain > 0 else ""


def _encoder(comparison: Comparison) -> Iterator[str]:
    dense, text = comparison.dense, comparison.text
    test = comparison.test(dense, text)
    if test is None:
        return
    if _is_gain(test):
        yield f"the encoder is worth {points_words(test.difference)} over {text} ({_p(test)})"
    elif _is_chance(test):
        yield f"{text} does as well as the encoder alone ({_against(test)})"
    else:
        lost = points_words(-test.difference)
        yield f"{text} beats the encoder here, by {lost} over {dense} ({_p(test)})"


def _seeds(comparison: Comparison) -> Iterator[str]:
    control = comparison.seed_control
    if control is None:
        return
    if _is_gain(control.test):
        yield (
            f"voting over poolings is {_more(control.test)} than voting over seeds of one "
            f"({_p(control.test)})"
        )
    else:
        yield (
            "voting over different poolings gains no more than voting over seeds of one "
            f"({_against(control.test)})"
        )


def _is_chance(test: PairedTest) -> bool:
    return test.p_value >= _BY_CHANCE_AT


def _is_gain(test: PairedTest) -> bool:
    return test.difference > 0 and not _is_chance(test)


def _more(test: PairedTest) -> str:
    return f"{points_words(test.difference)} better"


def _against(test: PairedTest) -> str:
    return f"{points_words(test.difference, is_signed=True)}, {_p(test)}"


def _p(test: PairedTest) -> str:
    return p_words(test.p_value)
