"""`make bench`: everything that is claimed about speed and memory, measured on this machine.

Knows the pieces, and how long each may take. Each is saved as soon as it is done.
"""

import argparse
from collections.abc import Callable

from benchmarks import end_to_end, gpu, host, limit, memory, orchestration, poolings, report, speed
from benchmarks.corpora import CORPORA, Corpus
from benchmarks.results import (
    RESULTS,
    Measurement,
    NotMeasured,
    console,
    is_measured,
    newest,
    not_measured,
    save,
)
from benchmarks.workers import Effort

Piece = Callable[[Corpus, Effort], Measurement]
ALL = tuple(CORPORA)
# Each piece, and the corpora that it runs on.
PIECES: dict[str, tuple[Piece, tuple[str, ...]]] = {
    "speed": (speed.measure_speed, ALL),
    "peers": (speed.measure_peers, ALL),
    "end_to_end": (end_to_end.measure, ("short", "mixed", "uneven", "long")),
    "duplicates": (end_to_end.measure_duplicates, ("short", "mixed")),
    "poolings": (poolings.measure, ("short",)),
    "limit": (limit.measure, ("short", "mixed")),
    "host": (host.measure, ("short", "mixed")),
    "orchestration": (orchestration.measure, ("short",)),
    "memory": (memory.measure_piece, ("short",)),
    "gpu": (gpu.measure, ("short", "mixed")),
}
SIZES = {"small": Effort(minutes=0.1, rounds=2), "full": Effort(minutes=5, rounds=5)}
_ABOUT = "Measure speed and memory on this machine: docs/performance.md has the pieces."
SMALL_PIECES = ("speed", "end_to_end", "poolings", "host")


def main() -> None:
    """Obey the command line."""
    asked = _parse()
    if not asked.report:
        for piece in asked.only:
            _, corpora = PIECES[piece]
            for name in [name for name in corpora if name in asked.corpus]:
                _run(piece, CORPORA[name], asked)
    if asked.report or asked.write:
        found = sorted(newest(asked.size), key=lambda one: list(PIECES).index(one.piece))
        if asked.write:
            report.write_page(found)
        else:
            console.print(report.markdown(found), markup=False, soft_wrap=True)


def _run(piece: str, corpus: Corpus, asked: argparse.Namespace) -> None:
    if asked.resume and is_measured(piece, corpus.name, asked.size):
        console.print(f"{piece}, {corpus.name}: measured already at this commit.")
        return
    size = SIZES[asked.size]
    effort = Effort(asked.minutes or size.minutes, asked.rounds or size.rounds)
    console.print(f"{piece}, {corpus.name} ...", style="dim")
    try:
        found = PIECES[piece][0](corpus, effort)
    except NotMeasured as reason:
        figure = not_measured(piece, str(reason))
        found = Measurement(piece=piece, corpus=corpus.name, about=corpus.about, figures=[figure])
    report.show(save(found, asked.size))


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=_ABOUT)
    parser.add_argument("--size", choices=SIZES, default="full", help="small: a few minutes")
    parser.add_argument("--only", type=_names(PIECES), help=f"of {', '.join(PIECES)}")
    parser.add_argument("--corpus", type=_names(CORPORA), help=f"of {', '.join(CORPORA)}")
    parser.add_argument("--minutes", type=float, help="of the peer's time, over all rounds")
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--resume", action="store_true", help="leave out what this commit has")
    parser.add_argument("--report", action="store_true", help=f"print what {RESULTS} holds")
    parser.add_argument("--write", action="store_true", help="put the tables into the docs")
    asked = parser.parse_args()
    is_small = asked.size == "small"
    asked.only = asked.only or (SMALL_PIECES if is_small else tuple(PIECES))
    asked.corpus = asked.corpus or (("short",) if is_small else ALL)
    return asked


def _names(known: object) -> Callable[[str], tuple[str, ...]]:
    def parse(text: str) -> tuple[str, ...]:
        names = tuple(filter(None, text.split(",")))
        for name in names:
            if name not in known:  # type: ignore[operator]
                raise argparse.ArgumentTypeError(f"{name!r} is not one of {', '.join(known)}")  # type: ignore[arg-type]
        return names

    return parse


if __name__ == "__main__":
    main()
