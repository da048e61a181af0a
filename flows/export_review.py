"""`python -m flows.export_review STORE FILE`: the documents that people should look at, in a file.

Knows CSV and Parquet. Which documents these are is said by the view review of the catalog.
"""

import argparse
from pathlib import Path

import polars as pl

from data import StoreError, newest_catalog, open_existing_store, rows_to_review
from flows.command_line import plain_errors
from flows.console import console
from flows.report import warn
from tasks.figures import count_words
from tasks.reviews import FORMULA, FORMULA_MARK, NONE_OF_THESE, SEPARATOR, to_fill_in

SUFFIXES = (".csv", ".parquet")


def main() -> None:
    """Obey the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m flows.export_review",
        description="Write the documents that no labeler in force is sure about, and those drawn "
        "for the audit, to a file with an empty column label. Fill that in, and bring it back with "
        "flows.import_review.",
    )
    parser.add_argument("store", help="folder of the store, such as 'store'")
    parser.add_argument("file", type=Path, help="what to write: a name ending in .csv or .parquet")
    parser.add_argument("--labeler", help="title of a labeler; without one, all in force")
    parser.add_argument("--only-audit", action="store_true", help="those drawn for the audit alone")
    asked = parser.parse_args()
    with plain_errors():
        export_review(asked.store, asked.file, asked.labeler, only_audit=asked.only_audit)


def export_review(
    path: str, file: Path, labeler: str | None = None, *, only_audit: bool = False
) -> None:
    """Write them, and say how many and what to do.

    Raises:
        ValueError: the file is there already, or is to be of another kind.
        StoreError: nothing is published in the store.
    """
    if file.suffix not in SUFFIXES:
        raise ValueError(f"{file}: give a name that ends in {' or '.join(SUFFIXES)}.")
    if file.exists():
        raise ValueError(f"{file} is there already, and may have labels in it. Name another file.")
    catalog = newest_catalog(open_existing_store(path))
    if catalog is None:
        raise StoreError(f"nothing is published in {path} yet. Run label-corpus first.")
    rows = to_fill_in(rows_to_review(catalog, labeler))
    table = pl.DataFrame(rows)
    table = table.filter(pl.col("reason") == "audit") if only_audit else table
    if table.is_empty():
        console.print("Nothing to look at: every document is decided or reviewed.")
        return
    _write(table, file)
    audit = table.filter(pl.col("reason") == "audit").height
    console.print(
        f"Wrote {count_words(table.height, 'row')} to {file}, {audit} of them drawn for the audit. "
        "Fill in the column label; leave it empty where you do not know.",
        markup=False,
    )
    console.print(
        f"Several labels: with {SEPARATOR!r} between them; none of the labels: {NONE_OF_THESE}. "
        f"Then: python -m flows.import_review {path} {file}",
        markup=False,
    )
    if table["text"].null_count():
        warn("some texts are not shown: name the text column in corpus.carry_columns.")


def _write(table: pl.DataFrame, file: Path) -> None:
    """As CSV for a spreadsheet: it has to see UTF-8, and must not run a text as a formula."""
    if file.suffix == ".parquet":
        table.write_parquet(file)
        return
    shown = (
        pl.when(pl.col(name).str.contains(f"^{FORMULA}"))
        .then(pl.concat_str(pl.lit(FORMULA_MARK), pl.col(name)))
        .otherwise(pl.col(name))
        .alias(name)
        for name in ("text", "predicted", "doc_id")
    )
    table.with_columns(shown).write_csv(file, include_bom=True)


if __name__ == "__main__":
    main()
