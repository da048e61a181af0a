"""`python -m flows.import_review STORE FILE`: bring back the labels that people filled in.

Knows CSV and Parquet. What becomes of each row is decided in tasks/reviews.py.
"""

import argparse
from pathlib import Path

import polars as pl

from data import StoreError, newest_catalog, open_existing_store, publish_catalog, save_reviews
from flows.command_line import plain_errors
from flows.console import console
from flows.export_review import SUFFIXES
from flows.report import warn
from tasks.figures import count_words
from tasks.reviews import SEPARATOR, read_filled_in


def main() -> None:
    """Obey the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m flows.import_review",
        description="Keep the labels of a file that flows.export_review wrote and somebody filled "
        "in. From then on the view audit says how often labelers were right, and train-labeler can "
        "use them (training.use_reviews).",
    )
    parser.add_argument("store", help="folder of the store, such as 'store'")
    parser.add_argument("file", type=Path, help="the file, filled in")
    asked = parser.parse_args()
    with plain_errors():
        import_review(asked.store, asked.file)


def import_review(path: str, file: Path) -> None:
    """Keep them, publish the catalog, and say what was done with every row.

    Raises:
        ValueError: the file is not there, or not what was exported.
        StoreError: nothing is published in the store.
    """
    store = open_existing_store(path)
    catalog = newest_catalog(store)
    if catalog is None:
        raise StoreError(f"nothing is published in {path} yet. Run label-corpus first.")
    found = read_filled_in(store, catalog, _read(file).to_arrow())
    for reason, count in sorted(found.left_out.items()):
        console.print(f"{count_words(count, 'row')} {reason}: left out.")
    if found.new_labels:
        warn(
            f"labels that the labeler does not know: {list(found.new_labels)}. They are kept; a "
            "labeler learns them when it is trained again."
        )
    if not found.table.num_rows:
        console.print("Nothing new: no review was kept.")
        return
    number = save_reviews(store, found.table)
    publish_catalog(store)
    console.print(
        f"Kept {count_words(found.table.num_rows, 'review')} as number {number}. The view audit "
        "of the catalog has them.",
        style="bold",
        markup=False,
    )


def _read(file: Path) -> pl.DataFrame:
    """The rows as text; lists of labels as they are typed."""
    if file.suffix not in SUFFIXES:
        raise ValueError(f"{file}: give a file that ends in {' or '.join(SUFFIXES)}.")
    if not file.is_file():
        raise ValueError(f"{file}: there is no such file.")
    try:
        read = pl.read_csv(file, infer_schema=False) if file.suffix == ".csv" else None
        table = pl.read_parquet(file) if read is None else read
    except pl.exceptions.PolarsError as error:
        raise ValueError(f"{file} cannot be read ({error}). Save it as UTF-8.") from error
    lists = [name for name, kind in table.schema.items() if kind == pl.List(pl.String)]
    table = table.with_columns(pl.col(lists).list.join(SEPARATOR)) if lists else table
    return table.with_columns(pl.col("label").cast(pl.String)) if "label" in table else table


if __name__ == "__main__":
    main()
