"""What the pages name exists: commands with their options, files, links, errors and settings."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = [
    *(ROOT / name for name in ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md")),
    *sorted(ROOT.glob("docs/**/*.md")),
]
ROOMS = ("flows", "tasks", "labeling", "embedding", "pooling", "data")
FLOWS_OF_GROUPS = {
    "sample": "estimate_corpus",
    "training": "train_labeler",
    "night": "label_corpus",
}
GENERATED = ("models/", "store/", "stores/", ".prefect/")


def everything() -> str:
    return "\n".join(page.read_text() for page in PAGES).replace("\\\n", " ")


@pytest.mark.parametrize("target", sorted(set(re.findall(r"[`\n]make ([a-z]+)", everything()))))
def test_a_make_target_that_is_named_exists(target: str) -> None:
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.MULTILINE)


def commands() -> set[tuple[str, str]]:
    """Modules that the pages run, with the options that they give them; "" for none."""
    found = re.findall(r"python -m (flows\.\w+)([^`\n]*)", everything())
    pairs = {(module, option) for module, rest in found for option in options_in(rest)}
    return pairs | {(module, "") for module, _ in found} | set(options_with_a_dot())


def options_in(text: str) -> list[str]:
    return re.findall(r"(--[a-z]+[\w.]*)", text)


def options_with_a_dot() -> Iterator[tuple[str, str]]:
    """Wherever a page names them, they are those of embed-corpus, or of the flow of their group."""
    for option in options_in(everything()):
        group, dot, _ = option.removeprefix("--").partition(".")
        if dot:
            yield f"flows.{FLOWS_OF_GROUPS.get(group, 'embed_corpus')}", option.rstrip(".")


@cache
def help_of(module: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", module, "--help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize(("module", "option"), sorted(commands()))
def test_a_command_that_is_named_takes_the_options_that_it_is_given(
    module: str, option: str
) -> None:
    assert re.search(rf"{re.escape(option)}\b", help_of(module))


def paths() -> set[str]:
    named = re.findall(r"`([\w./-]+/[\w./-]*)`", everything())
    roots = {path.name for path in ROOT.iterdir()}
    ours = {path for path in named if path.split("/")[0] in roots}
    return {path for path in ours if not path.startswith(GENERATED)}


@pytest.mark.parametrize("path", sorted(paths()))
def test_a_file_that_is_named_exists(path: str) -> None:
    assert (ROOT / path).exists()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\((?!http)([^)#]+)", page.read_text())

    assert [target for target in targets if not (page.parent / target).exists()] == []


def messages() -> list[str]:
    """The first column of the table of errors: words of ours, with dots for what varies."""
    page = (ROOT / "docs/operating.md").read_text()
    table = page.split("| message | what it means |")[1].split("\n\n")[0]
    return re.findall(r"^\| `(.+?)` \|", table, re.MULTILINE)


@cache
def texts_in_code() -> str:
    """Every literal text of the rooms; one per line."""
    trees = [ast.parse(path.read_text()) for room in ROOMS for path in (ROOT / room).rglob("*.py")]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    plain = [n.value for n in nodes if isinstance(n, ast.Constant) and isinstance(n.value, str)]
    return "\n".join(plain)


@pytest.mark.parametrize("message", messages())
def test_an_error_that_is_explained_can_occur(message: str) -> None:
    pieces = [piece.strip() for piece in message.split("...")]

    assert [piece for piece in pieces if piece and piece not in texts_in_code()] == []


def test_a_decision_fits_on_a_page() -> None:
    pages = sorted(ROOT.glob("docs/decisions/*.md"))

    assert [page.name for page in pages if len(page.read_text().splitlines()) > 40] == []
