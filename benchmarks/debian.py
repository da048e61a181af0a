"""Texts that any Debian gives away by apt: package descriptions, and WordNet's glosses.

Needs apt-get and the network, once; no right to install anything. Knows apt's files, no model.
"""

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from benchmarks.results import CACHE, NotMeasured

APT = CACHE / "apt"
HELPER = "/usr/lib/apt/apt-helper"


def descriptions() -> list[str]:
    """What each package is, as one line of text; each text once, in the order of apt's lists."""
    lists = _lists()
    texts = (
        text
        for path in sorted(lists.glob("*_Translation-en*"))
        for text in parse_descriptions(_run(HELPER, "cat-file", str(path)))
    )
    return list(dict.fromkeys(filter(None, texts)))


def glosses() -> list[str]:
    """WordNet's definitions with their examples; each text once."""
    _lists()
    _run("apt-get", *_options(), "download", "wordnet-base", folder=APT)
    (package,) = APT.glob("wordnet-base_*.deb")
    _run("dpkg-deb", "-x", str(package), str(APT / "wordnet"))
    lines = (
        line
        for pos in ("noun", "verb", "adj", "adv")
        for line in (APT / "wordnet/usr/share/wordnet" / f"data.{pos}").read_text().splitlines()
    )
    texts = (line.split(" | ", 1)[1].strip() for line in lines if not line.startswith("  "))
    return list(dict.fromkeys(texts))


def _lists() -> Path:
    """The lists of packages with English descriptions, fetched into a folder of our own."""
    lists = APT / "lists"
    if not any(lists.glob("*_Translation-en*")):
        if shutil.which("apt-get") is None:
            raise NotMeasured("needs apt-get, that is, Debian or Ubuntu")
        for folder in (lists / "partial", APT / "cache/archives/partial"):
            folder.mkdir(parents=True, exist_ok=True)
        _run("apt-get", *_options(), "update")
    return lists


def _options() -> list[str]:
    """Folders of our own, so that the machine's apt is left alone; English where images drop it."""
    stated = {
        "Dir::State::Lists": APT / "lists",
        "Dir::Cache": APT / "cache",
        "Acquire::Languages": "en",
        "APT::Sandbox::User": "",
    }
    return [part for name, value in stated.items() for part in ("-o", f"{name}={value}")]


def _run(*command: str, folder: Path | None = None) -> str:
    done = subprocess.run(command, cwd=folder, capture_output=True, check=False)
    if done.returncode != 0:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        raise NotMeasured(f"{command[0]}: {said[-1] if said else done.returncode}")
    return done.stdout.decode(errors="replace")


def parse_descriptions(lists: str) -> Iterator[str]:
    """Each field Description-en as one line: its first line, and the indented lines behind it."""
    for found in re.finditer(r"^Description-en: (.*(?:\n[ \t].*)*)", lists, re.MULTILINE):
        yield _joined(found[1])


def _joined(description: str) -> str:
    """The summary as a sentence, then the paragraphs; a lone dot stands for an empty line."""
    summary, *lines = description.split("\n")
    words = [f"{summary}.", *(line.strip() for line in lines if line.strip() != ".")]
    return re.sub(r"\s+", " ", " ".join(words)).strip()
