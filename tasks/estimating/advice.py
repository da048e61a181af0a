"""What to do about what an estimate found: a sentence for each thing that is off.

Knows the options that help. Works nothing out.
"""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from data import store_at
from tasks.estimating.findings import CorpusEstimate, TextsFound
from tasks.figures import share_words, size_words
from tasks.plan_corpus import Work
from tasks.summary import unknown_warning

_MANY_TRUNCATED = 0.05
_MANY_REJECTED = 0.1
_WIDE = 1.5


def advise(work: Work, estimate: CorpusEstimate) -> Iterator[str]:
    """What the user should know before the run, worst first."""
    rejected = sum(estimate.rejected.values())
    if rejected > work.request.run.max_reject_share:
        yield (
            f"{share_words(rejected)} of the rows have no text, so the run would stop: "
            f"run.max_reject_share allows {share_words(work.request.run.max_reject_share)}. Is "
            "corpus.text_columns right?"
        )
    elif rejected > _MANY_REJECTED:
        yield f"{share_words(rejected)} of the rows have no text. Is corpus.text_columns right?"
    yield from _of_files(work)
    yield from _of_space(work, estimate)
    if estimate.reused and not estimate.outputs:
        yield (
            "no text of the sample needs the model: what is stored is copied, and neither its time "
            "nor its size is in these figures."
        )
    if estimate.texts:
        yield from _of_texts(work, estimate.texts)
    if estimate.pace and estimate.pace.better_budget:
        yield (
            f"run.token_budget={estimate.pace.better_budget} was {estimate.pace.gain:.2f} times as "
            f"fast as {estimate.pace.budgets[0]}."
        )
    if estimate.run_seconds.high > _WIDE * estimate.run_seconds.low:
        yield (
            "the parts of the sample differ much, so the time is a rough guess. A larger "
            "sample.texts and sample.seconds, on an idle machine, tell more."
        )


def _of_files(work: Work) -> Iterator[str]:
    if work.unreadable:
        yield (
            f"{len(work.unreadable)} files cannot be read and count for nothing here: "
            f"{work.unreadable[0]}"
        )
    if work.passed_over:
        yield f"{len(work.passed_over)} files were passed over (hidden, or not Parquet)."


def _of_space(work: Work, estimate: CorpusEstimate) -> Iterator[str]:
    """Of the disk and the memory."""
    needed = sum(output.size_bytes.value for output in estimate.outputs)
    path = store_at(work.job.store.path).root
    free = _free_bytes(path) if isinstance(path, Path) else needed
    if needed > free:
        yield f"the disk of {path} has {size_words(free)} left, which is less than the output."
    if estimate.pace:
        wanted = estimate.pace.memory_bytes * estimate.pace.num_processes
        memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
        if wanted > memory:
            yield (
                f"{estimate.pace.num_processes} processes need about {size_words(wanted)} of "
                f"memory, and there are {size_words(memory)}. Lower run.num_processes."
            )


def _free_bytes(path: Path) -> int:
    return shutil.disk_usage(next(each for each in (path, *path.parents) if each.exists())).free


def _of_texts(work: Work, texts: TextsFound) -> Iterator[str]:
    encoder, max_tokens = work.request.encoder, work.job.identity.max_tokens
    if texts.truncated > _MANY_TRUNCATED and encoder.long_texts == "windows":
        yield (
            f"{share_words(texts.truncated)} of the texts have more than {encoder.max_windows} "
            "windows and are cut there. Raise encoder.max_windows to read more."
        )
    elif texts.truncated > _MANY_TRUNCATED:
        yield (
            f"{share_words(texts.truncated)} of the texts are longer than {max_tokens} tokens and "
            "are cut. encoder.long_texts=windows reads them whole; a larger encoder.max_tokens "
            "reads more, where the model takes it."
        )
    if warning := unknown_warning(encoder.model, texts.unknown):
        yield f"{warning} Choose another model."
