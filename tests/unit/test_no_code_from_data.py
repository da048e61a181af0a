"""Nothing that is read can run code: no pickle, and no model's own Python unless asked for."""

import ast
from pathlib import Path

import pytest

from embedding import EncoderSpec

ROOT = Path(__file__).parents[2]
ROOMS = ("flows", "tasks", "labeling", "embedding", "pooling", "data")
BESIDE = ("samples", "benchmarks", "tests")
UNPICKLERS = {"pickle", "cPickle", "cloudpickle", "dill", "joblib", "shelve", "marshal"}
OPENED = {("torch", "load"), ("pd", "read_pickle"), ("pandas", "read_pickle")}
SWITCHES = {"trust_remote_code": True, "allow_pickle": True, "weights_only": False}


def faults(tree: ast.AST) -> list[str]:
    """What in a module could run code that data brings along."""
    found = []
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                found += [each.name for each in names if each.name.split(".")[0] in UNPICKLERS]
            case ast.ImportFrom(module=str(module)) if module.split(".")[0] in UNPICKLERS:
                found.append(module)
            case ast.Attribute(value=ast.Name(id=owner), attr=name) if (owner, name) in OPENED:
                found.append(f"{owner}.{name}")
            case ast.keyword(arg=str(name), value=ast.Constant(value=value)):
                if name in SWITCHES and SWITCHES[name] is value:
                    found.append(f"{name}={value}")
    return found


@pytest.mark.parametrize("folder", [*ROOMS, *BESIDE])
def test_no_module_reads_what_could_run_code(folder: str) -> None:
    files = sorted((ROOT / folder).rglob("*.py"))
    found = {str(path): faults(ast.parse(path.read_text())) for path in files}
    assert {path: said for path, said in found.items() if said} == {}


@pytest.mark.parametrize(
    "line",
    [
        "import pickle", "from joblib import load", "import os, dill.source", "torch.load(path)",
        "pd.read_pickle(path)", "f(trust_remote_code=True)", "f(weights_only=False)",
    ],
)  # fmt: skip
def test_what_is_looked_for_is_found(line: str) -> None:
    assert len(faults(ast.parse(line))) == 1


def test_a_model_s_own_code_is_off_unless_it_is_asked_for() -> None:
    assert EncoderSpec(model="x").trust_remote_code is False
