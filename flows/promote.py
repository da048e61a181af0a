"""`python -m flows.promote STORE [NAME]`: which labelers are in force, and put one in force.

Knows the store's labelers and what their tests said. Labels nothing: label-corpus does.
"""

import argparse

from data import (
    OpenStore,
    labelers_in_force,
    load_evaluation,
    load_labeler,
    open_existing_store,
    promote,
    publish_catalog,
    retire,
)
from data import labeler_names as stored_names
from flows.command_line import plain_errors
from flows.console import console, print_rows
from labeling import Evaluation
from tasks.training.words import accuracy_words

COLUMNS = ("labeler", "in force", "accuracy", "alone", "trained")


def main() -> None:
    """Obey the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m flows.promote",
        description="Put a labeler in force in place of the one of its title: label-corpus labels "
        "with it from then on. The way back is to promote the older one. Without a name: what "
        "there is.",
    )
    parser.add_argument("store", help="folder of the store, such as 'store'")
    parser.add_argument("name", nargs="?", help="a labeler, such as news_stack-0a1b2c3d")
    parser.add_argument("--retire", metavar="TITLE", help="have no labeler of this title in force")
    asked = parser.parse_args()
    with plain_errors():
        if asked.retire:
            retire_labeler(asked.store, asked.retire)
        elif asked.name:
            promote_labeler(asked.store, asked.name)
        else:
            show_labelers(open_existing_store(asked.store))


def promote_labeler(path: str, name: str) -> None:
    """Put it in force, publish that, and say it.

    Raises:
        ValueError: the store has no such labeler.
    """
    store = open_existing_store(path)
    before = labelers_in_force(store)
    promote(store, name)
    labeler = load_labeler(store, name)
    publish_catalog(store)
    old = before.get(labeler.title)
    if old == labeler.name:
        console.print(f"{labeler.name} is in force already.", markup=False)
        return
    console.print(f"In force: {labeler.name}.", style="bold", markup=False)
    if old:
        console.print(f"The way back: python -m flows.promote {path} {old}", markup=False)


def retire_labeler(path: str, title: str) -> None:
    """Have none of this title in force, publish that, and say it.

    Raises:
        ValueError: none is.
    """
    store = open_existing_store(path)
    retire(store, title)
    publish_catalog(store)
    console.print(f"No labeler {title} is in force any more; its labels stay.", markup=False)


def show_labelers(store: OpenStore) -> None:
    """The labelers of the store with what their tests said, by title; the newest last."""
    in_force = labelers_in_force(store)
    rows = sorted(_row(store, name, in_force) for name in stored_names(store))
    if not rows:
        console.print("No labeler in this store yet. Train some: python -m flows.train_labeler")
        return
    print_rows(COLUMNS, rows, wrapped="labeler")
    if not in_force:
        console.print("None is in force. Promote one by its name.")


def _row(store: OpenStore, name: str, in_force: dict[str, str]) -> tuple[str, ...]:
    title = load_labeler(store, name).title
    found = load_evaluation(store, name) or {}
    known = {key: value for key, value in found.items() if key in Evaluation.model_fields}
    test = Evaluation.model_validate(known) if known else None
    return (
        name,
        "yes" if in_force.get(title) == name else "",
        accuracy_words(test) if test else "not tested",
        f"{test.auto_share:.0%}" if test else "",
        str(found.get("trained_at", ""))[:10],
    )


if __name__ == "__main__":
    main()
