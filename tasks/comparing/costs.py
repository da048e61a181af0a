"""What a million documents cost a labeler: read off the records of the runs that embedded.

Knows run records and the shapes of spaces. Measures nothing itself.
"""

from collections.abc import Collection, Iterable

from data import Dataset, RunRecord, SpaceLineage
from pooling import BITS
from tasks.comparing.comparison import Cost

_MILLION = 1_000_000


def cost_of(spaces: Collection[Dataset], runs: Iterable[RunRecord]) -> Cost:
    """The cost of a labeler that reads these spaces; vectors before compression.

    Each encoder is counted once, whatever its poolings: they share one forward pass.
    """
    if not spaces:
        return Cost(encode_seconds=0.0, vector_bytes=0.0)
    records = list(runs)
    by_encoder: dict[str, set[str]] = {}
    for space in spaces:
        by_encoder.setdefault(_encoder_name(space), set()).add(space.name)
    times = [_seconds_a_text(names, records) for names in by_encoder.values()]
    known = [time for time in times if time is not None]
    return Cost(
        encode_seconds=_MILLION * sum(known) if len(known) == len(times) else None,
        vector_bytes=sum(_MILLION * _bytes_a_text(space) for space in spaces),
    )


def _encoder_name(space: Dataset) -> str:
    """The same for all spaces of an encoder."""
    assert isinstance(space.lineage, SpaceLineage)
    return repr(sorted(space.lineage.encoder.items()))


def _seconds_a_text(spaces: set[str], runs: Iterable[RunRecord]) -> float | None:
    """Seconds of a device for a text, over all runs that encoded for one of these spaces."""
    mine = [run for run in runs if run.encoded and spaces & set(run.spaces)]
    encoded = sum(run.encoded for run in mine)
    return sum(run.device_seconds for run in mine) / encoded if encoded else None


def _bytes_a_text(space: Dataset) -> float:
    assert space.dimension is not None  # it is the documents that have none
    return space.dimension * BITS[space.precision or "float32"] / 8
