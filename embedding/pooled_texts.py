"""Turn rows of ids into finished vectors, batch by batch. Knows ids and poolings, no text.

Where each text is one window, it is finished with its batch. Else windows are pooled one by one,
wait here for the last of their text, and are pooled once more.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch

from embedding.runner import BatchRunner
from embedding.tokenized import IntArray, LongArray, TokenRows
from embedding.views import PlannedPooling, pool_batch, pool_batch_of_windows
from embedding.windows import TextWindows, WindowCut, share_out
from pooling import WindowVectors

# So many windows wait at most, unless one text has more.
WAITING_WINDOWS = 8_192

# For each pooling: vectors, and either which are bad or how many tokens counted.
RowsOfPoolings = Sequence[tuple[np.ndarray, np.ndarray]]


@dataclass(frozen=True, slots=True)
class FinishedTexts:
    """The finished vectors of some texts.

    Attributes:
        vectors: One array for each pooling.
        bad: For each pooling, which of them are bad.
        n_windows: In how many pieces each text was read.
    """

    vectors: tuple[np.ndarray, ...]
    bad: tuple[np.ndarray, ...]
    n_windows: IntArray

    def put(self, rows: LongArray, found: RowsOfPoolings) -> None:
        """Fill in some texts."""
        for vectors, bad, (values, flags) in zip(self.vectors, self.bad, found, strict=True):
            vectors[rows], bad[rows] = values, flags


def pool_texts(
    runner: BatchRunner, texts: TokenRows, plans: Sequence[PlannedPooling], cut: WindowCut
) -> FinishedTexts:
    """The vectors of every pooling; rows of texts without content are zeros."""
    counts = cut.count(texts)
    size = len(counts)
    done = FinishedTexts(
        vectors=tuple(plan.room_for(size) for plan in plans),
        bad=tuple(np.zeros(size, dtype=np.bool_) for _ in plans),
        n_windows=counts,
    )
    if (counts == 1).all():
        for rows, found in runner.run(texts, partial(pool_batch, plans=plans)):
            done.put(rows, found)
        return done
    with_content = np.flatnonzero(~texts.no_tokens)
    shares = np.cumsum([0, *counts[with_content]]) / counts[with_content].sum()
    for part in share_out(counts[with_content], WAITING_WINDOWS):
        chosen, stretch = with_content[part], (shares[part.start], shares[part.stop])
        done.put(chosen, _pool_windows(runner, cut.cut(texts, chosen), plans, stretch))
    return done


def _pool_windows(
    runner: BatchRunner,
    windows: TextWindows,
    plans: Sequence[PlannedPooling],
    stretch: tuple[float, float],
) -> RowsOfPoolings:
    """The finished vectors of the windows' texts, and which are bad."""
    waiting: list[tuple[np.ndarray, np.ndarray]] = []
    size = len(windows.segment)
    work = partial(pool_batch_of_windows, plans=plans)
    for rows, found in runner.run(windows.rows, work, stretch=stretch):
        if not waiting:
            waiting = [
                (np.empty((size, values.shape[1]), np.float32), np.empty(size, np.int64))
                for values, _ in found
            ]
        for (vectors, num_tokens), (values, counts) in zip(waiting, found, strict=True):
            vectors[rows], num_tokens[rows] = values, counts
    return [
        _finish(plan, windows.segment, vectors, num_tokens, runner.device)
        for plan, (vectors, num_tokens) in zip(plans, waiting, strict=True)
    ]


@torch.inference_mode()
def _finish(
    plan: PlannedPooling,
    segment: LongArray,
    vectors: np.ndarray,
    num_tokens: np.ndarray,
    device: str,
) -> tuple[np.ndarray, np.ndarray]:
    """One vector per text from those of its windows, and which are bad."""
    pooled = plan.pooler.pool_windows(
        WindowVectors(
            vectors=torch.from_numpy(vectors).to(device),
            segment=torch.from_numpy(segment).to(device),
            n=int(segment[-1]) + 1,
            num_tokens=torch.from_numpy(num_tokens).to(device),
        )
    )
    finished, bad = plan.finish(pooled)
    return finished.cpu().numpy(), bad.cpu().numpy()
