"""Texts that lie on any machine with Python: code, man pages, and prose from documentation.

Knows where such files are and how they are cut. Reads no more of them than is asked for.
"""

import gzip
import itertools
import re
import site
import sysconfig
from collections.abc import Iterator, Sequence
from pathlib import Path

MOST_BYTES = 100_000
MOST_OF_ONE = 40  # paragraphs of a file, or lines of a block
MAN_PAGES = Path("/usr/share/man")
DOCUMENTS = (Path("/usr/share/doc"), Path("/usr/share/common-licenses"))


def code_blocks() -> Iterator[str]:
    """Functions and classes of Python's library and of what is installed."""
    for text in _read(_modules()):
        yield from re.split(r"\n(?=def |class |@|async def )", text)[1:]


def code_lines() -> Iterator[str]:
    """Lines of such code, with their indentation."""
    for block in code_blocks():
        yield from block.split("\n")[:MOST_OF_ONE]


def paragraphs() -> Iterator[str]:
    """Paragraphs of man pages and of documentation, joined to one line each."""
    for pages in itertools.zip_longest(_read(_manuals()), _read(_documents())):
        for text in filter(None, pages):
            for paragraph in text.split("\n\n")[:MOST_OF_ONE]:
                yield re.sub(r"\s+", " ", paragraph).strip()


def whole_files() -> Iterator[str]:
    """Modules, man pages and documents, in turn, as they are."""
    kinds = (_read(_modules()), _read(_manuals()), _read(_documents()))
    for pages in itertools.zip_longest(*kinds):
        yield from filter(None, pages)


def _modules() -> list[Path]:
    roots = [Path(sysconfig.get_path("stdlib")), *map(Path, site.getsitepackages())]
    found = {path for root in roots for path in root.rglob("*.py")}
    return _scattered([path for path in found if "test" not in str(path)])


def _manuals() -> list[Path]:
    return _scattered([path for path in MAN_PAGES.glob("man[1-8]/*") if path.is_file()])


def _documents() -> list[Path]:
    installed = [path for root in site.getsitepackages() for path in Path(root).rglob("*.md")]
    found = [path for root in DOCUMENTS for path in root.rglob("*") if path.is_file()]
    return _scattered([path for path in [*found, *installed] if path.suffix in {"", ".md", ".txt"}])


def _scattered(paths: Sequence[Path]) -> list[Path]:
    """All of them, in an order in which neighbours in a folder do not follow each other."""
    in_order = sorted(paths)
    return [path for start in range(101) for path in in_order[start::101]]


def _read(paths: Sequence[Path]) -> Iterator[str]:
    for path in paths:
        if path.stat().st_size <= MOST_BYTES:
            found = path.read_bytes()
            is_packed = path.suffix == ".gz"
            text = (gzip.decompress(found) if is_packed else found).decode(errors="replace")
            yield without_troff(text) if path.is_relative_to(MAN_PAGES) else text


def without_troff(page: str) -> str:
    """The words of a man page: requests become ends of paragraphs, escapes go."""
    page = re.sub(r"^['.]\\\".*$", "", page, flags=re.MULTILINE)
    page = re.sub(r"^\.(?:SH|SS|PP|P|TP|IP|LP|sp|TH|RS|RE)\b.*$", "\n", page, flags=re.MULTILINE)
    page = re.sub(r"^\.\w+ ?", "", page, flags=re.MULTILINE)
    return re.sub(r"\\(?:f[A-Z]|f\(..|[&/,:%]|s[-+]?\d)|\\(?=-)", "", page)
