"""When a task is tried again, and when that would be no use."""

from typing import Any

from prefect.client.schemas.objects import State, TaskRun
from prefect.tasks import Task, exponential_backoff

from data import StoreError

RETRIES = 3
RETRY_DELAY = exponential_backoff(backoff_factor=2)  # 2, 4, 8 s


def is_worth_a_retry(_task: Task[..., Any], _run: TaskRun, state: State[Any]) -> bool:
    """Only what time can cure: a disk or network that failed. Not a wrong word, not a full disk."""
    error = state.result(raise_on_failure=False)
    return isinstance(error, OSError) and not isinstance(error, StoreError)
