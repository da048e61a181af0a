"""What a run is called in the store: its name in Prefect, and the last digits of its id."""

from uuid import uuid4

from prefect.runtime import flow_run


def run_name(kind: str) -> str:
    """The name of this flow run; without one, the kind of run and digits by chance."""
    name, number = flow_run.name or kind, flow_run.id or uuid4().hex
    return f"{name}-{number[-8:]}"  # the first ones are a time, which nights of a schedule share
