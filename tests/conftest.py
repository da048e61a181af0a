"""Encoders that tests share: two real ones, and folders of random weights made on the spot."""

import json
import os
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

# torch's threads spin while they wait for each other. Where other work wants the cores too, that
# makes these tests up to ten times slower; asleep they lose nothing. Read when torch is imported.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

import pytest
import torch
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from transformers import AutoConfig, AutoModel
from xdist.scheduler import LoadFileScheduling

from data.stores.s3_filesystem import s3_filesystem
from embedding import Encoder, EncoderSpec, load_encoder
from tests.s3_server import running_server

ROOT = Path(__file__).parents[1]
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]  # ids 0 to 3
WORDS = [f"w{i}" for i in range(60)]  # w0 is id 4, w1 id 5, ...
SIZES = {
    "vocab_size": 64,
    "hidden_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 32,
    "pad_token_id": 0,
}

_SHARE_A_SERVER = "tests/e2e/"

MakeFolder = Callable[..., Path]


@pytest.fixture(scope="session")
def s3_environment() -> Iterator[dict[str, str]]:
    """What the environment says of an S3 that runs for this session."""
    with running_server() as environment:
        yield environment


@pytest.fixture
def s3_url(s3_environment: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A place in a bucket of its own; what is copied from it comes below tmp_path."""
    for name, value in s3_environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    bucket = f"bucket-{uuid.uuid4().hex}"
    s3_filesystem().mkdir(bucket)
    return f"s3://{bucket}/some/store"


class _WholeFiles(LoadFileScheduling):
    """Of processes side by side one runs all tests of a file; one all that share a server."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.split("::", maxsplit=1)[0]
        return _SHARE_A_SERVER if file.startswith(_SHARE_A_SERVER) else file


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadFileScheduling:
    """Asked where there are several processes."""
    return _WholeFiles(config, log)


@pytest.fixture(scope="session")
def minilm() -> Path:
    """all-MiniLM-L6-v2: 6 layers of 384, a sentence-transformers folder."""
    return ROOT / "models/all-MiniLM-L6-v2"


@pytest.fixture(scope="session")
def tiny_bert() -> Path:
    """A trained BERT of 2 layers of 128, a plain transformers folder."""
    return ROOT / "models/splade-tiny"


@pytest.fixture(scope="session")
def minilm_encoder(minilm: Path) -> Encoder:
    return load_encoder(EncoderSpec(model=str(minilm), device="cpu"))


@pytest.fixture(scope="session")
def tiny_encoder(tiny_bert: Path) -> Encoder:
    return load_encoder(EncoderSpec(model=str(tiny_bert), device="cpu"))


@pytest.fixture
def make_folder(tmp_path_factory: pytest.TempPathFactory) -> MakeFolder:
    """make_folder("bert", max_position_embeddings=20): a model folder with random weights."""

    def make(kind: str = "bert", **config: Any) -> Path:
        folder = tmp_path_factory.mktemp(kind)
        write_tokenizer(folder)
        torch.manual_seed(0)
        made = AutoConfig.for_model(kind, **{**SIZES, **config})
        models_of: Any = AutoModel  # its types are not complete
        models_of.from_config(made).save_pretrained(folder)
        return folder

    return make


@pytest.fixture(name="write_tokenizer")
def _write_tokenizer() -> Callable[..., None]:
    return write_tokenizer


def write_tokenizer(folder: Path, template: str = "[CLS] $A [SEP]", **settings: Any) -> None:
    """A tokenizer of whole words; `template` is put around each text."""
    vocabulary = {word: i for i, word in enumerate([*SPECIAL, *WORDS])}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    if template != "$A":
        tokenizer.post_processor = processors.TemplateProcessing(
            single=template, special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
        )
    tokenizer.save(str(folder / "tokenizer.json"))
    names = {"unk_token": "[UNK]", "pad_token": "[PAD]", "cls_token": "[CLS]", "sep_token": "[SEP]"}
    stated = {"tokenizer_class": "PreTrainedTokenizerFast", "model_max_length": 32, **names}
    (folder / "tokenizer_config.json").write_text(json.dumps({**stated, **settings}))


@dataclass
class Trouble:
    """What goes wrong in an ArithmeticModel.

    Attributes:
        poison: The value of every state of a text that holds w9 (id 13).
        capacity: How many padded tokens fit into memory.
        error: Raised where more is asked for.
    """

    poison: float | None = None
    capacity: int | None = None
    error: Exception = field(default_factory=lambda: torch.OutOfMemoryError("CUDA out of memory"))


class ArithmeticModel(torch.nn.Module):
    """A model whose state of a token is (its id, its position, the layer), and NaN in padding.

    `sizes` keeps (texts, width) of every batch that fitted.
    """

    def __init__(self, trouble: Trouble) -> None:
        super().__init__()
        self.trouble = trouble
        self.sizes: list[tuple[int, int]] = []

    def forward(
        self, input_ids: torch.Tensor, attention_mask: torch.Tensor, **_: Any
    ) -> SimpleNamespace:
        if self.trouble.capacity is not None and input_ids.numel() > self.trouble.capacity:
            raise self.trouble.error
        self.sizes.append((input_ids.shape[0], input_ids.shape[1]))
        position = torch.arange(input_ids.shape[1]).expand_as(input_ids)
        layers = [
            torch.stack([input_ids, position, torch.full_like(input_ids, layer)], dim=2).float()
            for layer in range(3)
        ]
        for states in layers:
            states[attention_mask == 0] = torch.nan
            if self.trouble.poison is not None:
                states[(input_ids == 13).any(dim=1)] = self.trouble.poison
        return SimpleNamespace(
            last_hidden_state=layers[-1],
            hidden_states=tuple(layers),
            pooler_output=layers[-1][:, 0],
        )


@pytest.fixture
def make_arithmetic_encoder(make_folder: MakeFolder) -> Callable[..., Encoder]:
    """An encoder of words w0 (id 4), w1 (id 5), ... whose token states are ArithmeticModel's."""

    def make(
        template: str = "[CLS] $A [SEP]",
        *,
        budget: int = 4_096,
        trouble: dict[str, Any] | None = None,
        **spec: Any,
    ) -> Encoder:
        folder = make_folder("bert", hidden_size=4)
        write_tokenizer(folder, template)
        real = load_encoder(EncoderSpec(model=str(folder), device="cpu", **spec))
        module = ArithmeticModel(Trouble(**(trouble or {})))
        parts = replace(
            real.parts,
            transformer=replace(real.parts.transformer, module=module, is_packed=False),
            architecture=replace(real.parts.architecture, hidden_size=3),
        )
        return Encoder(real.spec, real.identity, parts=parts, token_budget=budget)

    return make


@pytest.fixture
def make_windows(make_arithmetic_encoder: Callable[..., Encoder]) -> Callable[..., Encoder]:
    """The same, reading long texts in windows of eight tokens: [CLS], six words, [SEP]."""

    def make(**settings: Any) -> Encoder:
        return make_arithmetic_encoder(**({"max_tokens": 8, "long_texts": "windows"} | settings))

    return make
