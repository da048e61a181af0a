"""Peak memory of a run over one giant row group: `python -m benchmarks.memory`.

Knows how to make a corpus and a small random BERT, and embeds in a process of its own, whose peak
the kernel keeps. tests/unit/test_step_memory.py runs the same with fewer documents.
"""

import argparse
import json
import resource
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import torch
from pydantic import BaseModel
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from transformers import BertConfig, BertModel

from benchmarks.corpora import Corpus
from benchmarks.report import show
from benchmarks.results import Figure, Measurement
from benchmarks.workers import Effort
from data import CorpusSpec, StoreSpec
from embedding import EncoderSpec
from pooling import POOLERS, PoolingSpec
from tasks.plan_corpus import EmbedRequest, plan_work
from tasks.publish_corpus import publish_work
from tasks.step import embed_step
from tasks.summary import Ended

ROOT = Path(__file__).parents[1]
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
FEW, MANY, SPACES = 100_000, 1_000_000, 8
WORDS = [f"w{n}" for n in range(1000)]  # two of them tell a million texts apart
_PLAIN = [s for name in POOLERS if not (s := PoolingSpec(strategy=name)).needs_weights]
# The first eight stay those of docs/log.md, so that its figures can be compared.
POOLINGS = (*_PLAIN[:7], PoolingSpec(strategy="mean", normalize=False), *_PLAIN[7:])


class Peak(BaseModel):
    """What a run needed."""

    documents: int
    spaces: int
    before_mb: float
    peak_mb: float
    seconds: float


def main() -> None:
    """Obey the command line: measure, or be the process that is measured."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.memory")
    parser.add_argument("--documents", type=int, default=MANY, help="default: 1,000,000")
    parser.add_argument("--spaces", type=int, default=SPACES, choices=range(1, len(POOLINGS) + 1))
    parser.add_argument("--embed", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.embed:
        sys.stdout.write(embed(asked.embed, asked.spaces).model_dump_json())
        return
    show(_measurement([asked.documents], asked.spaces))


def measure_piece(_: Corpus, effort: Effort) -> Measurement:
    """A hundred thousand documents and, unless little time is asked for, a million."""
    return _measurement((FEW,) if effort.minutes < 1 else (FEW, MANY), SPACES)


def _measurement(sizes: Sequence[int], spaces: int) -> Measurement:
    figures = []
    for documents in sizes:
        with TemporaryDirectory() as folder:
            found = measure(Path(folder), documents, spaces)
        note = f"{found.before_mb:,.0f} MB of it before the first text; {found.seconds:.0f} s"
        what = f"peak with {found.documents:,} documents"
        figures.append(Figure(what=what, value=found.peak_mb, unit="MB", note=note))
    return Measurement(
        piece="memory",
        corpus="",
        about=f"Documents of two words in one row group, {spaces} spaces of a one-layer BERT of "
        "384; no Prefect.",
        figures=figures,
    )


def measure(folder: Path, documents: int, spaces: int) -> Peak:
    """Make model and corpus in the folder, and embed them in another process."""
    write_model(folder / "model")
    write_corpus(folder / "texts.parquet", documents)
    command = [sys.executable, "-m", "benchmarks.memory", "--embed", str(folder)]
    done = subprocess.run(
        [*command, "--spaces", str(spaces)], cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True
    )
    return Peak.model_validate_json(done.stdout.splitlines()[-1])


def embed(folder: Path, spaces: int) -> Peak:
    """Plan, embed and publish in this process; no Prefect."""
    before, started_at = peak_mb(), datetime.now(UTC)
    request = EmbedRequest(
        corpus=CorpusSpec(name="giant", path=str(folder / "texts.parquet")),
        encoder=EncoderSpec(model=str(folder / "model"), device="cpu"),
        poolings=POOLINGS[:spaces],
        store=StoreSpec(path=str(folder / "store")),
    )
    work = plan_work(request)
    receipts = tuple(embed_step(work.job, work.chunks))
    summary = publish_work(work, Ended(run="run", started_at=started_at, receipts=receipts))
    assert summary.is_complete, summary.problems
    return Peak(
        documents=summary.documents,
        spaces=spaces,
        before_mb=before,
        peak_mb=peak_mb(),
        seconds=summary.seconds,
    )


def peak_mb() -> float:
    """The most memory that this process has had.

    getrusage counts what its parent had when it was forked; Linux says it without, elsewhere.
    """
    status = Path("/proc/self/status")
    if status.exists():
        (line,) = (line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2


def write_corpus(path: Path, documents: int) -> None:
    """One row group of distinct texts of two words."""
    words = np.array(WORDS)
    number = np.arange(documents)
    parts = [pa.array(words[number // len(words) ** n % len(words)]) for n in range(2)]
    texts = pc.binary_join_element_wise(*parts, " ")
    pq.write_table(pa.table({"text": texts}), path, row_group_size=documents)


def write_model(folder: Path) -> None:
    """A random BERT of one layer, 384 wide, and a tokenizer of whole words."""
    folder.mkdir()
    vocabulary = {word: n for n, word in enumerate([*SPECIAL, *WORDS])}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    tokenizer.save(str(folder / "tokenizer.json"))
    names = {"unk_token": "[UNK]", "pad_token": "[PAD]", "cls_token": "[CLS]", "sep_token": "[SEP]"}
    stated = {"tokenizer_class": "PreTrainedTokenizerFast", "model_max_length": 64, **names}
    (folder / "tokenizer_config.json").write_text(json.dumps(stated))
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(vocabulary),
        hidden_size=384,
        num_hidden_layers=1,
        num_attention_heads=6,
        intermediate_size=384,
        max_position_embeddings=64,
    )
    BertModel(config).save_pretrained(folder)


if __name__ == "__main__":
    main()
