"""`python -m flows.search STORE "a text"`: the stored documents nearest to a text.

The query is encoded as the space was, and not rounded.
"""

import argparse
from dataclasses import dataclass
from pathlib import Path
from textwrap import shorten

import polars as pl
from rich.padding import Padding
from rich.text import Text

from data import (
    OpenStore,
    StoreError,
    load_dataset,
    nearest_documents,
    newest_catalog,
    open_existing_store,
    space_datasets,
)
from embedding import load_encoder
from flows.command_line import plain_errors
from flows.console import console, show_value
from pooling import without_precision
from tasks.fitted import fitted_names, load_fitted
from tasks.stored_spaces import stored_specs

TEXT_CHARACTERS = 400


@dataclass(frozen=True, slots=True)
class PublishedSpace:
    """A space in the newest catalog of a store."""

    store: OpenStore
    catalog: Path
    name: str
    dataset: str


def main() -> None:
    """Obey the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m flows.search", description="Find the stored documents nearest to a text."
    )
    parser.add_argument("store", help="folder of the store, such as 'store'")
    parser.add_argument("text", type=_query, help="what to look for")
    parser.add_argument("--space", help="name of a space; without one, the store's first")
    parser.add_argument("--model", help="where the model is now, if its folder was moved")
    parser.add_argument("--top", type=_count, default=10, help="how many documents (default: 10)")
    asked = parser.parse_args()
    with plain_errors():
        space = find_space(asked.store, asked.space)
        found = search_space(space, asked.text, model=asked.model, top=asked.top)
        console.print(f"Nearest in {space.name}:", markup=False)
        show(found)


def search(
    path: str, text: str, *, space: str | None = None, model: str | None = None, top: int = 10
) -> pl.DataFrame:
    """The documents of a store nearest to a text: similarity, place and carried columns.

    Raises:
        ValueError: no such space, or the model is not the one that made its vectors.
        StoreError: there is no store, or nothing is published in it.
    """
    return search_space(find_space(path, space), text, model=model, top=top)


def search_space(
    space: PublishedSpace, text: str, *, model: str | None = None, top: int = 10
) -> pl.DataFrame:
    """The same, of a space that was found."""
    spec, stored = stored_specs(load_dataset(space.store, space.dataset), model)
    pooling = without_precision(stored)  # all that is known of the query is compared
    fitted = load_fitted(space.store, fitted_names([pooling]))
    (vector,) = load_encoder(spec).encode([text], pooling, fitted=fitted, is_query=True)
    return nearest_documents(space.catalog, space.name, vector.tolist(), top)


def find_space(path: str, name: str | None) -> PublishedSpace:
    """The space of that name, or the store's first.

    Raises:
        ValueError: there is none of that name.
        StoreError: there is no store, or nothing is published in it.
    """
    store = open_existing_store(path)
    catalog = newest_catalog(store)
    if catalog is None:
        raise StoreError(
            f"nothing is published in {store.root} yet: no run has come to its end there. Run "
            "embed-corpus, or run it again: what was committed stays."
        )
    datasets = space_datasets(catalog)
    if name is None:
        name = next(iter(datasets), None)
    if name not in datasets:
        raise ValueError(
            f"no space {name!r} in {store.root}; it has {', '.join(datasets) or 'none'}. Set "
            "--space."
        )
    return PublishedSpace(store, catalog, name, datasets[name])


def show(found: pl.DataFrame) -> None:
    """Print each document: similarity, id and carried columns in a line, the text below it."""
    if found.is_empty():
        console.print("The space holds no vectors yet; the table spaces says what it owes.")
    for document in found.iter_rows(named=True):
        text = document.pop("text", None)
        head = [show_value(document.pop("similarity")), document.pop("doc_id")]
        rest = {name: value for name, value in document.items() if value is not None}
        words = [f"{name}={show_value(value)}" for name, value in rest.items()]
        console.print(Text("  ".join([*head, *words]), style="bold"))
        if text is not None:
            console.print(Padding(Text(shorten(text, TEXT_CHARACTERS)), (0, 0, 0, 2)))


def _count(text: str) -> int:
    count = int(text)
    if count < 1:
        raise argparse.ArgumentTypeError(f"{count} documents; at least 1 is needed")
    return count


def _query(text: str) -> str:
    if not text.strip():
        raise argparse.ArgumentTypeError("the text is empty; say what to look for")
    return text


if __name__ == "__main__":
    main()
