"""The charts of a comparison: F1 with intervals, calibration, confusion. Each is one image.

Knows evaluations. Does not know the page.
"""

from collections.abc import Sequence

import numpy as np

from labeling import Evaluation, wilson_interval
from tasks.comparing.comparison import ComparedLabeler, Family
from tasks.comparing.drawing import INK, PALETTE, drawing, image, shorts

FAMILIES: dict[Family, tuple[str, str, str]] = {  # colour, marker, what the legend says
    "pooling": (PALETTE[0], "o", "a pooling"),
    "learned": (PALETTE[5], "D", "a learned pooling"),
    "fine_tuned": (PALETTE[3], "P", "fine-tuned"),
    "text": (PALETTE[1], "s", "words alone (TF-IDF)"),
    "ensemble": (PALETTE[2], "^", "an ensemble"),
    "control": (PALETTE[6], "v", "control: seeds"),
}
_MOST_NUMBERED = 16  # labels of a confusion whose counts can still be read


def f1_chart(labelers: Sequence[ComparedLabeler], text: ComparedLabeler) -> str:
    """Macro F1 of each labeler with its 95 % interval; a dashed line where words alone are."""
    rows = sorted(labelers, key=lambda each: each.evaluation.metric("f1_macro").value)
    with drawing(11, 1.1 + 0.27 * len(rows)) as (figure, axes):
        for family, (colour, marker, words) in FAMILIES.items():
            places = [n for n, row in enumerate(rows) if row.family == family]
            metrics = [rows[place].evaluation.metric("f1_macro") for place in places]
            if metrics:
                axes.hlines(places, [m.low for m in metrics], [m.high for m in metrics], colour)
                axes.plot([m.value for m in metrics], places, marker, color=colour, label=words)
        axes.axvline(
            text.evaluation.metric("f1_macro").value, color=PALETTE[1], linestyle=(0, (4, 3)), lw=1
        )
        axes.set_yticks(range(len(rows)), shorts([row.name for row in rows]))
        axes.set_ylim(-0.7, len(rows) - 0.3)
        axes.tick_params(axis="y", length=0)
        axes.grid(axis="x")
        axes.set_xlabel("macro F1 on the test, with 95 % intervals")
        axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=len(FAMILIES), frameon=False)
        return image(figure)


def calibration_chart(evaluation: Evaluation) -> str:
    """How often decisions of about one score are right, with 95 % Wilson intervals.

    The larger a dot, the more documents.
    """
    bins = [each for each in evaluation.calibration if each.count]
    counts = np.array([each.count for each in bins], dtype=float)
    scores, shares = [each.score for each in bins], [each.accuracy for each in bins]
    spans = np.array([wilson_interval(round(b.accuracy * b.count), b.count) for b in bins])
    with drawing(4.2, 4.0) as (figure, axes):
        axes.plot([0, 1], [0, 1], color="#9aa5b1", linestyle=(0, (4, 3)), lw=1)
        axes.vlines(scores, spans[:, 0], spans[:, 1], color=PALETTE[0], lw=1, alpha=0.6)
        sizes = 16 + 110 * counts / counts.max()
        axes.scatter(scores, shares, sizes, color=PALETTE[0], edgecolor="white", zorder=3)
        axes.set(xlim=(0, 1.02), ylim=(0, 1.02), aspect="equal")
        axes.set(xlabel="score of the decision", ylabel="share that is right")
        axes.grid()
        return image(figure)


def confusion_chart(labels: Sequence[str], confusion: Sequence[Sequence[int]]) -> str:
    """True labels down, predicted ones across; darker is a larger share of the true label's."""
    counts = np.array(confusion)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    size = min(2.2 + 0.34 * len(labels), 9.0)
    with drawing(size, size - 0.3) as (figure, axes):
        axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
        names = shorts(labels)
        font_size = 9.5 if len(labels) <= _MOST_NUMBERED else 7
        axes.set_xticks(range(len(names)), names, rotation=90, fontsize=font_size)
        axes.set_yticks(range(len(names)), names, fontsize=font_size)
        axes.tick_params(length=0)
        axes.spines[:].set_visible(False)
        axes.set(xlabel="predicted", ylabel="true")
        if len(labels) <= _MOST_NUMBERED:
            for place in zip(*np.nonzero(counts), strict=True):
                colour = "white" if shares[place] > 0.5 else INK  # noqa: PLR2004 - half the scale
                row, column = (int(each) for each in place)
                axes.text(
                    column, row, str(counts[place]), ha="center", va="center", color=colour, size=8
                )
        return image(figure)
