"""A night as it really comes: the server's scheduler makes a run, and a worker carries it out.

With an SQLAlchemy that is too new, schedules look active and no run is ever made: `deployment run`
would not tell.
"""

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
import pytest
import yaml

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]

PATIENCE_S = 300
EVERY_MINUTE = {"slug": "every-minute", "cron": "* * * * *", "timezone": "UTC"}
CORPUS = {
    "name": "glosses",
    "path": "glosses",
    "id_column": "id",
    "carry_columns": ["label", "text"],
}
TRAIN = (
    "python -m flows.train_labeler --corpus.name glosses --corpus.path glosses "
    "--corpus.id_column id --corpus.carry_columns label,text --label_column label "
    "--encoder.model models/splade-tiny --poolings mean --store.path stores/nightly "
    "--training.promote"
)


@contextmanager
def worker(checkout: Any) -> Iterator[None]:
    """A worker that runs what is due while the block lasts, and its runs to their end."""
    command = [str(checkout.folder / ".venv/bin/prefect"), "worker", "start", "--pool", "local"]
    environment = {"PATH": f"{checkout.folder / '.venv/bin'}:/usr/bin:/bin"}
    with subprocess.Popen(
        command,
        cwd=checkout.folder,
        env=environment | {"HOME": str(checkout.home)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            yield
        finally:
            process.terminate()


def write_glosses(checkout: Any, name: str, every: int, start: int) -> None:
    """Every so many rows of the sample, from a row on: all labels are among them."""
    table = pq.read_table(checkout.folder / "samples/wordnet12.parquet")
    path = Path(checkout.folder / "glosses" / name)
    path.parent.mkdir(exist_ok=True)
    pq.write_table(table.take(list(range(start, table.num_rows, every))), path)


def deploy_every_minute(checkout: Any) -> None:
    """Deploy label-corpus as it stands in prefect.yaml, but for its corpus, store and hour."""
    described = yaml.safe_load((checkout.folder / "prefect.yaml").read_text())
    (nightly,) = (d for d in described["deployments"] if d["name"] == "label-corpus")
    nightly["schedules"] = [EVERY_MINUTE]
    nightly["parameters"] = {"corpus": CORPUS, "store": {"path": "stores/nightly"}}
    file = checkout.folder / "nightly.yaml"
    file.write_text(yaml.safe_dump({"name": "nightly", "deployments": [nightly]}))
    checkout.type("prefect --no-prompt deploy --prefect-file nightly.yaml --all")


def scheduled_runs(checkout: Any, state: str) -> list[dict[str, Any]]:
    """Runs that the scheduler made, and not `deployment run`."""
    question = {"flow_runs": {"state": {"type": {"any_": [state]}}}}
    runs = checkout.ask_server("flow_runs/filter", question)
    return [run for run in runs if run["auto_scheduled"]]


def test_a_run_that_the_scheduler_made_labels_what_is_new(running_checkout: Any) -> None:
    write_glosses(running_checkout, "a.parquet", every=20, start=0)
    running_checkout.type(TRAIN)
    write_glosses(running_checkout, "b.parquet", every=60, start=1)
    deploy_every_minute(running_checkout)

    deadline = time.monotonic() + PATIENCE_S
    with worker(running_checkout):
        while not (done := scheduled_runs(running_checkout, "COMPLETED")):
            assert not scheduled_runs(running_checkout, "FAILED")
            assert time.monotonic() < deadline, "The scheduler made no run, or none completed."
            time.sleep(1)
        running_checkout.type("prefect deployment delete label-corpus/label-corpus")

    assert done[0]["created_by"]["type"] == "SCHEDULER" or done[0]["auto_scheduled"]
    catalog = running_checkout.folder / "stores/nightly/catalog.duckdb"
    with duckdb.connect(str(catalog), read_only=True) as connection:
        labelled = "SELECT corpus, count(*) FROM current_labels JOIN documents USING (chunk, row)"
        found = connection.execute(f"{labelled} GROUP BY ALL").fetchall()
    assert found == [("glosses", 400)]
