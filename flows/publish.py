"""`python -m flows.publish STORE`: build the catalog anew, after a store was moved or damaged."""

import argparse

from data import open_existing_store, publish_catalog
from flows.command_line import plain_errors
from flows.console import console


def main() -> None:
    """Obey the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m flows.publish",
        description="Build catalog.duckdb anew from what is sealed: after the store was moved (its "
        "views hold absolute paths), or after the catalog was lost or damaged.",
    )
    parser.add_argument("store", help="folder of the store, such as 'store'")
    asked = parser.parse_args()
    with plain_errors():
        console.print(f"Published {publish_catalog(open_existing_store(asked.store))}")


if __name__ == "__main__":
    main()
