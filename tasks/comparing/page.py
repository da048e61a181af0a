"""The page of a comparison: one HTML file that needs nothing else, no network and no script.

Knows what stands where. Every text is escaped, and the page itself forbids all loading.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from labeling import Evaluation, Task
from tasks.comparing.charts import calibration_chart, confusion_chart, f1_chart
from tasks.comparing.comparison import Comparison
from tasks.comparing.recommendation import chosen, recommend
from tasks.comparing.text_map import map_chart
from tasks.comparing.words import (
    difference_headings,
    difference_row,
    points_words,
    table_headings,
    table_row,
)

_TEMPLATE = "page.html"
_MOST_DRAWN = 60  # labels of a confusion whose cells can still be told apart
_MOST_CONFUSED = 5
_JUDGED: dict[Task, str] = {
    "single_label": "accuracy",
    "multi_label": "label sets that are right as a whole",
}


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a table; `is_chosen` is the labeler to use."""

    cells: Sequence[str]
    is_chosen: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """Headings, and the rows below them."""

    headings: Sequence[str]
    rows: Sequence[Row]


@dataclass(frozen=True, slots=True)
class Page:
    """What the template shows, in words and images."""

    title: str
    corpus: str
    label_column: str
    made_at: str
    advice: str
    reasons: str
    chosen: str
    labeler: str
    text: str
    judged: str
    num_test: str
    ece: str
    ece_limit: str
    labelers: Table
    tests: Table
    per_label: Table
    seed_control: str
    confused: str
    f1_chart: str
    confusion_chart: str
    calibration_chart: str
    map_chart: str
    map_space: str
    facts: Sequence[str]


def comparison_page(comparison: Comparison) -> str:
    """The page as HTML."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined
    )
    return environment.get_template(_TEMPLATE).render(page=_page(comparison))


def _page(comparison: Comparison) -> Page:
    labels = comparison.label_schema.labels
    name = chosen(comparison)
    evaluation = comparison.labeler(name).evaluation
    advice, separator, reasons = recommend(comparison).partition("; ")
    ranked, text_map = comparison.ranked, comparison.text_map
    is_drawn = bool(evaluation.confusion) and len(labels) <= _MOST_DRAWN
    return Page(
        title=comparison.title,
        corpus=comparison.corpus,
        label_column=comparison.label_column,
        made_at=f"{comparison.made_at:%Y-%m-%d %H:%M %Z}",
        advice=advice,
        reasons=separator + reasons,
        chosen=name,
        labeler=comparison.labeler(name).labeler or "",
        text=comparison.text,
        judged=_JUDGED[comparison.label_schema.task],
        num_test=f"{evaluation.num_test:,}",
        ece=f"{evaluation.metric('ece').value:.3f}",
        ece_limit=f"{evaluation.ece_limit:.3f}",
        labelers=Table(
            table_headings(comparison),
            [Row(table_row(comparison, each), each.name == name) for each in ranked],
        ),
        tests=Table(
            difference_headings(comparison),
            [Row(difference_row(comparison, each), each.name == name) for each in ranked],
        ),
        per_label=_per_label(evaluation),
        seed_control=_seed_control(comparison),
        confused=_confused(labels, evaluation),
        f1_chart=f1_chart(comparison.labelers, comparison.labeler(comparison.text)),
        confusion_chart=confusion_chart(labels, evaluation.confusion) if is_drawn else "",
        calibration_chart=calibration_chart(evaluation),
        map_chart=map_chart(text_map, labels) if text_map else "",
        map_space=text_map.space if text_map else "",
        facts=comparison.facts,
    )


def _per_label(evaluation: Evaluation) -> Table:
    rows = sorted(evaluation.per_label, key=lambda each: each.f1)
    return Table(
        ["label, worst first", "precision", "recall", "F1", "documents"],
        [
            Row([m.label, *(f"{f:.3f}" for f in (m.precision, m.recall, m.f1)), f"{m.support:,}"])
            for m in rows
        ],
    )


def _confused(labels: Sequence[str], evaluation: Evaluation) -> str:
    """The pairs of labels that are taken for another most often, the true one first."""
    if not evaluation.confusion:
        return ""
    counts = np.array(evaluation.confusion)
    np.fill_diagonal(counts, 0)
    worst = np.argsort(-counts, axis=None, kind="stable")[:_MOST_CONFUSED]
    pairs = [divmod(int(place), len(labels)) for place in worst if counts.flat[place]]
    return ", ".join(
        f"{labels[true]} for {labels[said]} ({counts[true, said]})" for true, said in pairs
    )


def _seed_control(comparison: Comparison) -> str:
    control = comparison.seed_control
    if control is None:
        return ""
    difference = points_words(control.test.difference, is_signed=True)
    return (
        f"The control: {control.poolings} against {control.seeds}, an ensemble as large of one "
        f"pooling with other seeds: {difference}, p = {control.test.p_value:.2g}."
    )
