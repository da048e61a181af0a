"""What befalls a real run: its processes are killed, its server is, or somebody cancels it.

Whatever that does to the run, the same command goes on, and SQL shows every row once.
"""

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import duckdb
import pytest

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

PATIENCE_S = 200
ROWS = 900
MANY_ROWS = 3_000  # so many that a command can be typed meanwhile
EMBED = (
    "python -m flows.embed_corpus --corpus.name glosses --corpus.path samples/wordnet12.parquet "
    "--corpus.limit {rows} --encoder.model models/all-MiniLM-L6-v2 --poolings mean "
    "--run.chunk_rows 50 --store.path {store}"
)
PARAMETERS = """ \
    --param 'corpus={"name": "glosses", "path": "samples/wordnet12.parquet", "limit": 3000}' \
    --param 'poolings=[{"strategy": "mean"}]' --param 'run={"chunk_rows": 50}' \
    --param 'store={"path": "stores/cancelled"}'"""
EACH_ONCE = """
    SELECT count(*), count(DISTINCT (d.file, d.row)), min(d.row), max(d.row),
        (SELECT count(*) FROM all_minilm_l6_v2_mean), (SELECT count(*) FROM rejects)
    FROM documents d JOIN all_minilm_l6_v2_mean v USING (chunk, row)
"""


def assert_each_once(checkout: Any, store: str, rows: int = ROWS) -> None:
    catalog = checkout.folder / store / "catalog.duckdb"
    with duckdb.connect(str(catalog), read_only=True) as connection:
        found = connection.execute(EACH_ONCE).fetchall()
    assert found == [(rows, rows, 0, rows - 1, rows, 0)]


def num_committed(checkout: Any, store: str) -> int:
    """Chunks of the space that have a record."""
    return len(list((checkout.folder / store).glob("datasets/all_minilm*/commits/*.json")))


def wait_until(is_so: Any, what: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not is_so():
        assert time.monotonic() < deadline, f"{what} did not come about in {PATIENCE_S} s"
        time.sleep(0.05)


@contextmanager
def typed(checkout: Any, command: str) -> Iterator[subprocess.Popen[bytes]]:
    """A command that goes on while the block lasts; it is killed at its end."""
    environment = {"PATH": f"{checkout.folder / '.venv/bin'}:/usr/bin:/bin"}
    with subprocess.Popen(
        command.split(),
        cwd=checkout.folder,
        env=environment | {"HOME": str(checkout.home)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def test_a_run_that_is_killed_again_and_again_is_finished_by_the_same_command(
    running_checkout: Any,
) -> None:
    store = "stores/killed"
    for _ in range(3):
        before = num_committed(running_checkout, store)
        with typed(running_checkout, EMBED.format(rows=ROWS, store=store)) as process:
            wait_until(lambda n=before: num_committed(running_checkout, store) > n, "a record")
            process.kill()
            assert process.wait() == -signal.SIGKILL
    assert 0 < num_committed(running_checkout, store) < ROWS / 50

    running_checkout.type(EMBED.format(rows=ROWS, store=store))

    assert_each_once(running_checkout, store)


def test_a_run_that_is_cancelled_publishes_what_it_has_and_the_next_does_the_rest(
    running_checkout: Any,
) -> None:
    store = "stores/cancelled"
    said = running_checkout.type(f"prefect deployment run embed-corpus/embed-corpus {PARAMETERS}")
    (flow_run,) = [line.split()[-1] for line in said.splitlines() if "UUID:" in line]

    def state() -> str:
        question = {"flow_runs": {"id": {"any_": [flow_run]}}}
        (run,) = running_checkout.ask_server("flow_runs/filter", question)
        return str(run["state_type"])

    with typed(running_checkout, "prefect worker start --pool local") as worker:
        wait_until(lambda: num_committed(running_checkout, store) > 0, "a record")
        running_checkout.type(f"prefect flow-run cancel {flow_run}")
        wait_until(lambda: state() == "CANCELLED", "cancellation")
        wait_until((running_checkout.folder / store / "catalog.duckdb").exists, "a catalog")
        worker.terminate()
        worker.wait(PATIENCE_S)
    assert num_committed(running_checkout, store) < MANY_ROWS / 50

    running_checkout.type(EMBED.format(rows=MANY_ROWS, store=store))

    assert_each_once(running_checkout, store, MANY_ROWS)


def test_a_run_whose_server_was_killed_and_came_back_loses_nothing(lonely_checkout: Any) -> None:
    store = "stores/served"
    pid = lonely_checkout.folder / ".prefect/server.pid"
    with typed(lonely_checkout, EMBED.format(rows=ROWS, store=store)) as process:
        wait_until(lambda: num_committed(lonely_checkout, store) > 0, "a record")
        os.kill(int(pid.read_text()), signal.SIGKILL)
        wait_until(lambda: num_committed(lonely_checkout, store) > 3, "records without a server")
        lonely_checkout.type("python -m flows.server up")
        process.wait(PATIENCE_S)
        assert process.returncode == 0

    assert_each_once(lonely_checkout, store)
