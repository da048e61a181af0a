"""Say under which name something fitted is kept, and what to paste: wherever a run is looked at.

On the terminal for who typed it; in the run's log and in Prefect's UI for who deployed it.
"""

from collections.abc import Sequence

from prefect import get_run_logger

from flows.console import console
from pooling import PoolingSpec
from tasks.artifacts import create_fitted_artifact
from tasks.fitted import pooling_to_type


def report_kept(name: str, poolings: Sequence[PoolingSpec], *, key: str) -> None:
    """Say it from within a flow run; `key` is the artifact's."""
    typed = [pooling_to_type(pooling) for pooling in poolings]
    one_of = " one of" if typed[1:] else ""
    console.print(f"Kept as {name}. Use it with --poolings and{one_of}", markup=False)
    for pooling in typed:
        console.print(f"  '{pooling}'", markup=False, soft_wrap=True)
    get_run_logger().info("kept as %s; poolings that use it: %s", name, " or ".join(typed))
    create_fitted_artifact(key, name, typed)
