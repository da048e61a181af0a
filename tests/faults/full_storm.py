"""`python -m tests.faults.full_storm 100`: so many kills over a store on S3, and what came of it.

The suite has a smaller one. The server is moto's, in a process of its own.
"""

import argparse
import os
import tempfile
from pathlib import Path

from data.stores.s3_filesystem import s3_filesystem
from tests.commits import space
from tests.faults.runs import texts_of
from tests.faults.storm import end_storm, rage
from tests.faults.work import Job
from tests.s3_server import running_server
from tests.stores import corpus_of, tiny_store, write_texts

ROWS, LIFE_S = 100, 0.4  # some runs shall end: on S3 one takes seconds


def main() -> None:
    """Rage and say."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.full_storm", description=__doc__)
    parser.add_argument("kills", type=int)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, running_server() as environment:
        os.chdir(folder)
        os.environ.update(environment)
        texts = Path(folder) / "texts"
        write_texts(texts / "a.parquet", texts_of(range(ROWS)), row_group_size=10)
        s3_filesystem().mkdir("storm")
        tiny_store("s3://storm/store")
        job = Job(
            "s3://storm/store", corpus_of(texts), (space("bert_mean"),), environment=environment
        )
        figures, stormed = rage(job, Path(folder), asked.kills, life_s=LIFE_S)
        print(f"storm on S3: {figures}; {end_storm(stormed)}")  # noqa: T201 - it is what is asked


if __name__ == "__main__":
    main()
