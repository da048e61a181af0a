"""Labelled texts to measure labelers on, built from what package registries give away.

`python -m benchmarks.labelled NAME ...` builds Parquet files with the columns id, text, label (or
labels) and split, and prints where they are. Each is built once and kept in an ignored folder.
"""

import argparse
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.labelled_debian import debtags20, wordnet_nouns
from benchmarks.labelled_registries import bbc, poems, sms
from benchmarks.labelled_rows import Row
from benchmarks.results import CACHE, NotMeasured, console

LABELLED = CACHE / "labelled"
BUILDERS: dict[str, Callable[[], list[Row]]] = {
    "wordnet_nouns": wordnet_nouns,
    "debtags20": debtags20,
    "sms": sms,
    "bbc": bbc,
    "poems": poems,
}


def build(name: str) -> Path:
    """The file of that data set, built if it is not there yet.

    Raises:
        NotMeasured: What it is made of cannot be fetched on this machine.
    """
    path = LABELLED / f"{name}.parquet"
    if not path.exists():
        rows = BUILDERS[name]()
        path.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(pa.Table.from_pylist(rows), path)
    return path


def main() -> None:
    """Obey the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.labelled")
    parser.add_argument("names", nargs="*", choices=[*BUILDERS, []], default=list(BUILDERS))
    for name in parser.parse_args().names:
        try:
            console.print(str(build(name)), soft_wrap=True)
        except NotMeasured as reason:
            console.print(f"{name}: not built ({reason})")


if __name__ == "__main__":
    main()
