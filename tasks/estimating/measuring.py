"""Measure the speed that a run would have, on texts of its sample and in the time that is given.

Knows which budgets and how many texts are worth trying. speeds.py takes the time.
"""

from collections.abc import Sequence

import torch

from embedding import choose_device
from tasks.estimating.sample import Sample, evenly
from tasks.estimating.speeds import Speeds, budgets_to_try, time_here, time_processes
from tasks.estimating.trial import Trial
from tasks.job import EmbedJob

_MANY_ROUNDS, _FEW_ROUNDS = 3, 2


def measure_speeds(
    job: EmbedJob,
    sample: Sample,
    trials: Sequence[Trial],
    *,
    num_processes: int,
    seconds: float,
) -> tuple[Speeds, Speeds | None]:
    """The speed of this process, and that of several side by side if more than one is asked for.

    Several are None also where one of them died.
    """
    share_of_core = num_processes if choose_device(job.encoder.device) == "cpu" else 1
    per_text = share_of_core * sum(t.seconds for t in trials) / sum(t.texts for t in trials)
    texts, budgets, rounds = _choose(job, sample, trials, seconds=seconds, per_text=per_text)
    if num_processes == 1:
        return time_here(job, texts, budgets, rounds), None
    here = time_here(job, texts, budgets[:1], 1)
    return here, time_processes(job, texts, budgets, rounds, num_processes)


def _choose(
    job: EmbedJob,
    sample: Sample,
    trials: Sequence[Trial],
    *,
    seconds: float,
    per_text: float,
) -> tuple[list[str], tuple[int, ...], int]:
    """Texts, budgets and rounds; the run's budget alone where others take too long.

    A budget shows only where there are tokens enough to fill a batch in each thread, and more:
    the last batches are smaller whatever the budget.
    """
    texts = [text for share in sample.shares for text in share.rows.texts.to_pylist()]
    budgets = budgets_to_try(job)
    tokens = sum(t.tokens for t in trials) / sum(t.texts for t in trials)
    threads = torch.get_num_threads() if len(budgets) > 1 else 1
    filling = int(max(budgets) * 2 * threads / max(tokens, 1)) + 1
    for rounds in (_MANY_ROUNDS, _FEW_ROUNDS):
        if len(texts) >= filling and rounds * len(budgets) * filling * per_text <= seconds:
            return _some(texts, filling), budgets, rounds
    fitting = max(2, int(seconds / _FEW_ROUNDS / per_text))
    return _some(texts, fitting), budgets[:1], _FEW_ROUNDS


def _some(texts: Sequence[str], count: int) -> list[str]:
    return [texts[i] for i in evenly(len(texts), count)]
