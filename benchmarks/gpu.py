"""The same comparison on a GPU: three shapes of BERT, Poolhouse in bfloat16, the peer in float16.

The weights are random, which changes no speed. Says "not measured" where there is no GPU.
"""

import json
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import torch
from transformers import BertConfig, BertModel

from benchmarks.corpora import MODEL, MODEL_TOKENS, Corpus, count_tokens, spread
from benchmarks.engines import PEER, load_flash_peer, load_peer, load_poolhouse
from benchmarks.limit import attention_flops, flops_a_token
from benchmarks.profiling import shares_of_time
from benchmarks.results import CACHE, Figure, Measurement, NotMeasured
from benchmarks.speed import compare
from benchmarks.workers import Effort, Engine, Setup
from embedding import Encoder, EncoderSpec, load_encoder

# Layers, width and heads.
SHAPES = {"MiniLM-L6": (6, 384, 12), "BERT-base": (12, 768, 12), "BERT-large": (24, 1024, 16)}
LARGER_BATCH = 128
PROFILED_TEXTS = 50_000
PRODUCT = 8_192  # side of the square product that gives the peak


def measure(corpus: Corpus, effort: Effort) -> Measurement:
    """Each shape beside the peer, its share of the bfloat16 peak, and where its time goes.

    Raises:
        NotMeasured: There is no GPU.
    """
    if not torch.cuda.is_available():
        raise NotMeasured("needs a GPU that torch can use")
    engines = {
        PEER: Engine(load_peer),
        f"sentence-transformers, batches of {LARGER_BATCH}": Engine(
            partial(load_peer, batch=LARGER_BATCH)
        ),
        "sentence-transformers, flash attention": Engine(load_flash_peer),
        "Poolhouse": Engine(load_poolhouse),
    }
    peak = _peak_flops()
    figures, about = [Figure(what="peak of bfloat16", value=peak / 1e12, unit="TFLOP/s")], ""
    for name in SHAPES:
        setup = Setup(str(shape_folder(name)), corpus.max_tokens, "cuda:0")
        found = compare("gpu", corpus, engines, effort, setup)
        about = found.about
        figures += [
            each.model_copy(update={"what": f"{name}: {each.what}"}) for each in found.figures
        ]
        figures += _profile(name, setup, spread(corpus.texts(), PROFILED_TEXTS), peak)
    return Measurement(piece="gpu", corpus=corpus.name, about=about, figures=figures)


def shape_folder(name: str) -> Path:
    """A model folder of this shape with random weights and MiniLM's tokenizer."""
    folder = CACHE / "shapes" / name
    if not (folder / "model.safetensors").exists():
        layers, width, heads = SHAPES[name]
        torch.manual_seed(0)
        config = BertConfig(
            hidden_size=width,
            num_hidden_layers=layers,
            num_attention_heads=heads,
            intermediate_size=4 * width,
        )
        BertModel(config).save_pretrained(folder)
        for source in MODEL.glob("*.json"):
            if source.name != "config.json":
                (folder / source.name).write_bytes(source.read_bytes())
        _state_pooling(folder / "1_Pooling", width)
    return folder


def _state_pooling(folder: Path, width: int) -> None:
    stated = json.loads((MODEL / "1_Pooling/config.json").read_text())
    folder.mkdir(exist_ok=True)
    (folder / "config.json").write_text(json.dumps(stated | {"word_embedding_dimension": width}))


def _profile(name: str, setup: Setup, texts: list[str], peak: float) -> list[Figure]:
    """Where the device's time goes; what is outside its operators, it is idle."""
    encoder = load_encoder(EncoderSpec(model=setup.model, device=setup.device, dtype="bfloat16"))
    shares = shares_of_time(partial(encoder.encode, texts))
    return [
        Figure(what=f"{name}: share of the peak", value=_share(encoder, texts, peak), unit="%"),
        *(
            Figure(what=f"{name}: {kind}", value=100 * share, unit="%")
            for kind, share in shares.items()
        ),
    ]


def _share(encoder: Encoder, texts: list[str], peak: float) -> float:
    module = encoder.parts.transformer.module
    lengths = np.minimum(count_tokens(texts), MODEL_TOKENS)
    flops = flops_a_token(module) * lengths.sum() + attention_flops(module, lengths)
    return float(100 * flops / _seconds(partial(encoder.encode, texts)) / peak)


@torch.inference_mode()
def _peak_flops() -> float:
    """What the device reaches in a large product."""
    one, two = (
        torch.randn(PRODUCT, PRODUCT, device="cuda", dtype=torch.bfloat16) for _ in range(2)
    )
    times = 50

    def multiply() -> None:
        for _ in range(times):
            torch.mm(one, two)

    multiply()
    return 2.0 * PRODUCT**3 * times / _seconds(multiply)


def _seconds(work: Callable[[], object]) -> float:
    torch.cuda.synchronize()
    started = time.perf_counter()
    work()
    torch.cuda.synchronize()
    return time.perf_counter() - started
