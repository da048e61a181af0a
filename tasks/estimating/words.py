"""An estimate in words: one line that says it all, and the rows of a table for the rest.

Knows how figures read. Works nothing out.
"""

from collections.abc import Iterator

from tasks.estimating.findings import CorpusEstimate, Pace, Spread, TextsFound
from tasks.figures import count_words, share_words, size_words, time_words

_QUANTILES = ("p10", "p50", "p90", "p99", "longest")


def estimate_headline(estimate: CorpusEstimate) -> str:
    """How long, how much, and of what."""
    if not estimate.owed_chunks:
        return f"Nothing to do: all {estimate.rows:,} rows of {estimate.corpus} are committed."
    size = sum(output.size_bytes.value for output in estimate.outputs)
    return (
        f"About {_times(estimate.run_seconds)} and {size_words(size)} for {estimate.owed_rows:,} "
        f"rows of {estimate.corpus}."
    )


def estimate_rows(estimate: CorpusEstimate) -> list[tuple[str, str]]:
    """The figures behind it, with their words."""
    return [("corpus", _corpus(estimate)), *_of_sample(estimate)] if estimate.owed_chunks else []


def _of_sample(estimate: CorpusEstimate) -> Iterator[tuple[str, str]]:
    num_texts = estimate.texts.num_texts if estimate.texts else 0
    yield (
        "sample",
        f"{num_texts:,} texts from {count_words(estimate.chunks_read, 'chunk')}, in "
        f"{time_words(estimate.seconds)}",
    )
    yield (
        "rows",
        f"{share_words(estimate.new)} new, {share_words(estimate.reused)} stored already, "
        f"{share_words(estimate.duplicates)} duplicates",
    )
    yield "rejected", _shares(estimate.rejected)
    if estimate.texts:
        yield from _of_texts(estimate.texts)
    if estimate.pace:
        yield from _of_pace(estimate.pace)
    for output in estimate.outputs:
        yield output.dataset.rpartition("-")[0], size_words(output.size_bytes.value)


def _corpus(estimate: CorpusEstimate) -> str:
    whole = (
        f"{estimate.rows:,} rows, {count_words(estimate.files, 'file')}, "
        f"{count_words(estimate.chunks, 'chunk')}"
    )
    if estimate.owed_chunks == estimate.chunks:
        return f"{whole}; all of it is owed"
    return (
        f"{whole}; owed: {estimate.owed_rows:,} rows, {count_words(estimate.owed_chunks, 'chunk')}"
    )


def _of_texts(texts: TextsFound) -> Iterator[tuple[str, str]]:
    known = ["huge" if each is None else f"{each:,}" for each in texts.lengths]
    yield (
        "tokens of a text",
        ", ".join(f"{name} {each}" for name, each in zip(_QUANTILES, known, strict=False)),
    )
    yield "cut", f"{share_words(texts.truncated)} of the texts"
    if texts.windows > 1:
        yield "windows of a text", f"{texts.windows:.1f}"
    yield "unknown", f"{share_words(texts.unknown)} of the tokens"
    if texts.without_vector:
        yield "without a vector", _shares(texts.without_vector)


def _of_pace(pace: Pace) -> Iterator[tuple[str, str]]:
    yield "speed", f"{pace.texts.value:,.0f} texts/s, {_about(pace.tokens)} tokens/s"
    if pace.num_processes > 1:
        alone = f"alone, this one did {pace.texts_of_one.value:,.0f} texts/s"
        yield "processes", f"{pace.num_processes}, tried side by side; {alone}"
    else:
        yield "processes", "1"
    each = " for each process" if pace.num_processes > 1 else ""
    yield "memory", f"about {size_words(pace.memory_bytes)}{each}"
    yield "token budget", _budget(pace)


def _budget(pace: Pace) -> str:
    own, *others = pace.budgets
    tried = " and ".join(f"{budget:,}" for budget in others)
    if pace.better_budget:
        return f"{pace.better_budget:,} is {pace.gain:.2f} times as fast as {own:,}"
    if others:
        return f"{own:,}; {tried} were not clearly faster"
    return f"{own:,}; others were not tried"


def _times(spread: Spread) -> str:
    """The middle, and its spread where it shows in the digits."""
    low, high = time_words(spread.low), time_words(spread.high)
    if low == high:
        return time_words(spread.value)
    number, unit = low.split()
    return f"{time_words(spread.value)} ({number if high.endswith(f' {unit}') else low} to {high})"


def _about(spread: Spread) -> str:
    return f"{spread.value:,.0f} ({spread.low:,.0f} to {spread.high:,.0f})"


def _shares(shares: dict[str, float]) -> str:
    total = share_words(sum(shares.values()))
    each = ", ".join(f"{name} {share_words(share)}" for name, share in shares.items())
    return f"{total} ({each})" if shares else total
