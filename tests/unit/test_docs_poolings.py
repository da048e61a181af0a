"""docs/poolings.md is true: its table is the table of the code, and its settings and lines work."""

import json
import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from embedding import EncoderSpec, load_encoder
from pooling import POOLERS, PoolingSpec, pool_padded
from tasks.fitted import load_fitted

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/poolings.md").read_text()
COLUMNS = ["strategy", "formula", "length", "layers", "trained", "when to use it", "source"]


def rows() -> dict[str, dict[str, str]]:
    """The cells of the table of strategies, by strategy and column."""
    lines = PAGE[PAGE.index("| strategy |") :].split("\n\n")[0].splitlines()
    header, _, *body = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    assert header == COLUMNS
    return {cells[0].strip("`"): dict(zip(header, cells, strict=True)) for cells in body}


def test_the_page_lists_the_strategies_of_the_table_in_its_words() -> None:
    assert set(rows()) == set(POOLERS)


@pytest.mark.parametrize("strategy", POOLERS)
def test_every_cell_of_a_strategy_says_something(strategy: str) -> None:
    assert all(rows()[strategy].values())


@pytest.mark.parametrize("strategy", POOLERS)
def test_the_length_that_the_page_gives_is_the_pooler_s(strategy: str) -> None:
    spec = PoolingSpec(strategy=strategy)
    known = {name: str(value) for name, value in spec.parameters.items()} | {"H": "10"}
    factors = [known.get(word, word) for word in rows()[strategy]["length"].split()]
    assert POOLERS[strategy](**spec.parameters).width(10) == math.prod(map(int, factors))


@pytest.mark.parametrize("strategy", POOLERS)
def test_the_page_gives_the_parameters_with_their_defaults(strategy: str) -> None:
    shown = dict(re.findall(r"`(\w+)`: ([\w.]+)", rows()[strategy]["formula"]))
    stated = PoolingSpec(strategy=strategy).parameters
    assert {name: json.loads(value) for name, value in shown.items()} == stated


@pytest.mark.parametrize(
    "name", sorted(PoolingSpec.model_fields.keys() - {"strategy", "parameters"})
)
def test_each_setting_of_a_pooling_is_explained(name: str) -> None:
    assert re.search(rf"^\| `{name}` \| .+ \|", PAGE, re.MULTILINE)


@pytest.mark.parametrize("settings", re.findall(r"`(\{.+?\})`", PAGE))
def test_the_settings_that_the_page_gives_are_valid(settings: str) -> None:
    assert PoolingSpec.model_validate_json(settings)


def lines_below(heading: str) -> str:
    """The Python of a section."""
    section = PAGE.split(f"## {heading}\n")[1].split("\n## ")[0]
    (code,) = re.findall(r"^```python\n(.*?)^```", section, re.MULTILINE | re.DOTALL)
    return str(code)


@pytest.fixture
def _same_table_afterwards() -> Iterator[None]:
    before = dict(POOLERS)
    yield
    POOLERS.clear()
    POOLERS.update(before)


@pytest.mark.usefixtures("_same_table_afterwards")
def test_a_pooling_of_one_s_own_takes_ten_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    code = lines_below("Your own")
    assert len([line for line in code.splitlines() if line]) <= 10
    values: dict[str, np.ndarray] = {}
    exec(compile(code, "docs/poolings.md", "exec"), values)
    assert values["vectors"].shape == (2, 384)
    np.testing.assert_allclose(np.linalg.norm(values["vectors"], axis=1), 1, atol=1e-6)


def test_a_pooling_trained_as_the_page_trains_one_is_known_to_the_store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "models").symlink_to(ROOT / "models")
    monkeypatch.chdir(tmp_path)
    torch.manual_seed(0)
    values: dict[str, Any] = {}
    exec(compile(lines_below("Learned poolings"), "docs/poolings.md", "exec"), values)
    assert values["loss"] < 0.3  # log 2, 0.69, is what a coin has
    printed = PoolingSpec.model_validate_json(capsys.readouterr().out)
    assert printed == PoolingSpec(strategy="attention", weights=values["name"])
    pooling = printed.model_copy(update={"normalize": False})
    fitted = load_fitted(values["store"], [values["name"]])
    encoder = load_encoder(EncoderSpec(model="models/all-MiniLM-L6-v2", device="cpu"))
    vectors = encoder.encode(values["texts"], pooling, fitted=fitted)
    trained = pool_padded(values["pooler"], values["states"], values["mask"])
    np.testing.assert_allclose(vectors, trained.detach().numpy(), atol=1e-5)
