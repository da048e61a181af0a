"""Peak memory of one pass with one pooling and with many: `python -m benchmarks.pooling_memory`.

One batch whose token states are large beside everything that is made of them goes through a BERT of
one layer, in a process of its own for each set of poolings. tests/unit/test_pooling_memory.py runs
the same with fewer texts.
"""

import argparse
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from pydantic import BaseModel

from benchmarks.memory import ROOT, WORDS, peak_mb, write_model
from embedding import EncoderSpec, load_encoder
from flows.console import console
from pooling import POOLERS, PoolingSpec, Sizes, TextPooler

TEXTS = 1_024
TOKENS = 62  # of each text, special ones included
HIDDEN = 384
SAME_TOKENS = {"special_tokens": True, "prompt_tokens": True}  # other tokens are another copy
PLAIN = [name for name in POOLERS if not PoolingSpec(strategy=name).needs_weights]
SETS = {
    "mean": ["mean"],
    f"the {len(PLAIN)} without weights": PLAIN,
    "dpcnn": ["dpcnn"],
    f"all {len(POOLERS)}": list(POOLERS),
}


class PassPeak(BaseModel):
    """What one pass needed.

    Attributes:
        states_mb: The token states of one layer.
        vectors_mb: What came out.
        pass_mb: The peak above what the loaded encoder had; the vectors are in it.
    """

    states_mb: float
    vectors_mb: float
    pass_mb: float


def main() -> None:
    """Obey the command line: measure, or be the process that is measured."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pooling_memory")
    parser.add_argument("--texts", type=int, default=TEXTS, help=f"default: {TEXTS:,}")
    parser.add_argument("--encode", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--poolings", nargs="*", default=[], help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.encode:
        sys.stdout.write(encode(asked.encode, asked.texts, asked.poolings).model_dump_json())
        return
    report(asked.texts)


def report(texts: int = TEXTS) -> None:
    """Say it in a line for each set."""
    with TemporaryDirectory() as folder:
        write_model(Path(folder) / "model")
        for name, poolings in SETS.items():
            found = measure(Path(folder), texts, poolings)
            console.print(
                f"{name}: one pass over {texts:,} texts of {TOKENS} tokens needs "
                f"{found.pass_mb:,.0f} MB, {found.vectors_mb:,.0f} MB of it vectors; the states of "
                f"one layer are {found.states_mb:,.0f} MB."
            )


def measure(folder: Path, texts: int, poolings: Sequence[str]) -> PassPeak:
    """Encode with the model of the folder in another process."""
    command = [sys.executable, "-m", "benchmarks.pooling_memory", "--encode", str(folder)]
    command += ["--texts", str(texts), "--poolings", *poolings]
    done = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True)
    return PassPeak.model_validate_json(done.stdout.splitlines()[-1])


def encode(folder: Path, num_texts: int, names: Sequence[str]) -> PassPeak:
    """One batch through one layer and all the poolings, in this process."""
    torch.set_num_threads(1)
    spec = EncoderSpec(model=str(folder / "model"), device="cpu")
    encoder = load_encoder(spec, token_budget=2 * num_texts * TOKENS)
    sizes = Sizes(hidden=HIDDEN, vocabulary=encoder.parts.architecture.vocabulary_size)
    asked = [PoolingSpec(strategy=name, **SAME_TOKENS) for name in names]
    fitted = {s.strategy: TextPooler(s, sizes).to_fitted() for s in asked if s.needs_weights}
    poolings = [
        s.model_copy(update={"weights": s.strategy}) if s.needs_weights else s for s in asked
    ]
    texts = [" ".join(WORDS[(n + i) % len(WORDS)] for i in range(60)) for n in range(num_texts)]
    encoder.encode(texts[:1])
    before = peak_mb()
    (found,) = encoder.encode_groups([texts], poolings, fitted)
    return PassPeak(
        states_mb=num_texts * TOKENS * HIDDEN * torch.float32.itemsize / 1024**2,
        vectors_mb=sum(vectors.nbytes for vectors in found.vectors) / 1024**2,
        pass_mb=peak_mb() - before,
    )


if __name__ == "__main__":
    main()
