"""`python -m data verify | repair | gc | purge STORE`: look after a store.

Knows the command line. What is done is in data/upkeep/.
"""

import argparse
import math
import sys
from collections.abc import Iterable, Iterator

from rich.console import Console

from data.stores.opening import open_existing_store
from data.stores.store import OpenStore, StoreError
from data.upkeep.damage import Damage, first_line
from data.upkeep.garbage import Garbage, clock_of, list_garbage, list_superseded
from data.upkeep.purging import list_purged, num_forgotten, purge
from data.upkeep.repairing import commands, make_owed
from data.upkeep.verifying import find_damage

_GRACE_H = 24.0
_CANNOT = 2
_console = Console(highlight=False, soft_wrap=True)
_progress = Console(stderr=True, highlight=False)


def main() -> None:
    """Obey the command line: 0 all is well, 1 there is damage, 2 it cannot be done."""
    asked = _parser().parse_args()
    try:
        sys.exit(asked.command(open_existing_store(asked.store), asked))
    except StoreError as error:
        words = str(error)
    except (ValueError, FileNotFoundError) as error:
        words = (
            f"a file of the store cannot be read ({first_line(error)}). "
            f"python -m data verify {asked.store} names it."
        )
    except OSError as error:
        words = (
            f"a file of {asked.store} cannot be read now ({first_line(error)}), which does not "
            "say that it is damaged. Look at disk, network and rights, and type this again."
        )
    _console.print(words, style="red", markup=False)
    sys.exit(_CANNOT)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m data", description="Look after a store.")
    commands_of = parser.add_subparsers(required=True, metavar="verify|repair|gc|purge")
    for name, command, words in (
        ("verify", _verify, "read everything, and name what is damaged"),
        ("repair", _repair, "make damaged chunks owed, so that the next run does them anew"),
        ("gc", _collect, "remove what nothing names: leftovers of killed runs, old catalogs"),
        (
            "purge",
            _purge,
            "remove texts that were taken out of the sources; docs/operating.md says what stays",
        ),
    ):
        each = commands_of.add_parser(name, help=words, description=f"{words.capitalize()}.")
        each.add_argument("store", help="folder of the store, such as 'store'")
        each.set_defaults(command=command)
        if name != "verify":
            each.add_argument("--dry-run", action="store_true", help="say what would be done")
        if name == "gc":
            _add_options_of_gc(each)
    return parser


def _add_options_of_gc(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--grace",
        type=_hours,
        default=_GRACE_H,
        metavar="HOURS",
        help="files that are younger stay: longer than any chunk may take (%(default)s)",
    )
    parser.add_argument(
        "--superseded",
        action="store_true",
        help="also chunks of older listings, whose documents are in newer chunks or gone",
    )


def _hours(text: str) -> float:
    try:
        hours = float(text)
    except ValueError:
        hours = math.nan
    if not hours >= 0:
        raise argparse.ArgumentTypeError(f"{text!r}: give hours, 0 or more")
    return hours


def _verify(store: OpenStore, _asked: argparse.Namespace) -> int:
    count = sum(1 for _ in _said(_find(store)))
    if not count:
        _say(f"No damage in {store.root}.")
        return 0
    _say(f"{_count(count, 'damaged file')} in {store.root}.")
    return 1


def _repair(store: OpenStore, asked: argparse.Namespace) -> int:
    damages = list(_said(_find(store)))
    records = {each.record for each in damages if each.record is not None}
    if asked.dry_run:
        _say(f"{_count(len(records), 'record')} would be removed.")
    else:
        make_owed(store, damages)
        _say(f"{_count(len(records), 'record')} removed.")
        for line in commands(store):
            _say(line)
    return int(any(each.is_beyond_repair for each in damages))


def _collect(store: OpenStore, asked: argparse.Namespace) -> int:
    clock = clock_of(store, asked.grace)
    found = list(list_superseded(store, clock)) if asked.superseded else []
    found += list_garbage(store, clock)
    if not asked.dry_run:
        for each in found:
            each.remove()
    _report(found, is_dry=asked.dry_run)
    return 0


def _purge(store: OpenStore, asked: argparse.Namespace) -> int:
    if asked.dry_run:
        _report(list(list_purged(store)), is_dry=True)
        reviews = _count(num_forgotten(store), "review")
        _say(f"{reviews} of texts that no document has would be removed.")
    else:
        forgotten, removed = purge(store)
        _report(removed, is_dry=False)
        _say(f"{_count(forgotten, 'review')} of texts that no document has removed.")
    return 0


def _find(store: OpenStore) -> Iterator[Damage]:
    with _progress.status("") as status:
        yield from find_damage(store, status.update)


def _said(damages: Iterable[Damage]) -> Iterator[Damage]:
    for each in damages:
        _say(str(each))
        yield each


def _report(found: list[Garbage], *, is_dry: bool) -> None:
    """Each file if nothing was removed; else one line for each reason."""
    if is_dry:
        for each in found:
            _say(f"{each.place} ({each.size_bytes:,} bytes): {each.why}")
    for why in dict.fromkeys(each.why for each in found):
        sizes = [each.size_bytes for each in found if each.why == why]
        _say(f"{why}: {_count(len(sizes), 'file')}, {sum(sizes):,} bytes")
    total = sum(each.size_bytes for each in found)
    _say(f"{total:,} bytes {'would be freed' if is_dry else 'freed'}.")


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def _say(text: str) -> None:
    _console.print(text, markup=False)


if __name__ == "__main__":
    main()
