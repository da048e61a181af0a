"""`python -m benchmarks.labels --data FILE`: everything that is claimed about labels, measured.

FILE is a Parquet file with the columns text, label or labels, and perhaps split, or the name of a
data set that `benchmarks.labelled` builds. Vectors and trained labelers are kept in an ignored
folder, so a second call is quick. `--write` puts what was measured so far into docs/log.md.
"""

import argparse
from collections.abc import Callable
from pathlib import Path

from benchmarks import (
    label_accuracy,
    label_decisions,
    label_drift,
    label_learned,
    label_long,
    label_poems,
    label_report,
    label_small_bert,
)
from benchmarks.label_data import LabelData, read_data
from benchmarks.labelled import BUILDERS, build
from benchmarks.results import Measurement, NotMeasured, newest, not_measured, save

Piece = Callable[[LabelData], Measurement]
PIECES: dict[str, Piece] = {
    "poolings": label_accuracy.measure_poolings,
    "ensembles": label_accuracy.measure_ensembles,
    "seeds": label_accuracy.measure_seeds,
    "calibration": label_accuracy.measure_calibration,
    "learned": label_learned.measure_learned,
    "thresholds": label_decisions.measure_thresholds,
    "decisions": label_decisions.measure_decisions,
    "drift": label_drift.measure,
    "long": label_long.measure,
    "poems": label_poems.measure,
    "small_bert": label_small_bert.measure,
}
# Where these are asked for without --only: the pieces that say something of such data.
USUAL = ("poolings", "ensembles", "calibration")
FITTING: dict[str, tuple[str, ...]] = {
    "wordnet12": (*USUAL, "seeds", "learned", "decisions"),
    "wordnet_nouns": (*USUAL, "learned", "decisions", "drift"),
    "debtags20": ("poolings", "ensembles", "calibration", "thresholds"),
    "bbc": ("poolings", "long"),
    "poems": ("poems", "small_bert"),
}
# Glosses are short; the descriptions of packages are not.
MAX_TOKENS = {"wordnet12": 64, "wordnet_nouns": 64, "poems": 128}
SIZE = "labels"


def main() -> None:
    """Obey the command line."""
    asked = _parse()
    if asked.data:
        path = build(asked.data) if asked.data in BUILDERS else Path(asked.data)
        tokens = asked.max_tokens or MAX_TOKENS.get(path.stem, 256)
        data = read_data(path, max_tokens=tokens)
        for name in asked.only or FITTING.get(path.stem, USUAL):
            _measure(name, data)
    if asked.write:
        found = sorted(newest(SIZE), key=lambda one: (one.corpus, list(PIECES).index(one.piece)))
        label_report.write_page(found)


def _measure(name: str, data: LabelData) -> None:
    try:
        found = PIECES[name](data)
    except NotMeasured as reason:
        figure = not_measured(name, str(reason))
        found = Measurement(piece=name, corpus=data.name, about=data.notes, figures=[figure])
    label_report.show(save(found, SIZE))


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.labels", description=__doc__)
    parser.add_argument("--data", help=f"a Parquet file, or one of {', '.join(BUILDERS)}")
    parser.add_argument("--only", type=_names, help=f"of {', '.join(PIECES)}")
    parser.add_argument("--max-tokens", type=int, help="what is read of a text; 256")
    parser.add_argument("--write", action="store_true", help="put the tables into docs/log.md")
    asked = parser.parse_args()
    if not (asked.data or asked.write):
        parser.error("give --data, --write, or both")
    return asked


def _names(text: str) -> tuple[str, ...]:
    names = tuple(filter(None, text.split(",")))
    if unknown := sorted(set(names) - set(PIECES)):
        raise argparse.ArgumentTypeError(f"{unknown} not of {', '.join(PIECES)}")
    return names


if __name__ == "__main__":
    main()
