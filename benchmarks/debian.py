"""Texts that any Debian gives away by apt: package descriptions with tags, and WordNet's glosses.

Needs apt-get and the network, once; no right to install anything. Knows apt's files, no model.
"""

import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.results import CACHE, NotMeasured

APT = CACHE / "apt"
HELPER = "/usr/lib/apt/apt-helper"


@dataclass(frozen=True, slots=True)
class Package:
    """A package, what it is in one line of text, and its tags; packages of one source are alike."""

    name: str
    source: str
    text: str
    tags: tuple[str, ...]


def packages() -> list[Package]:
    """Those with a description, each name once, in the order of apt's lists."""
    lists = _lists()
    texts = dict(
        pair
        for path in sorted(lists.glob("*_Translation-en*"))
        for pair in parse_texts(run(HELPER, "cat-file", str(path)))
    )
    found = (
        package
        for path in sorted(lists.glob("*_Packages*"))
        for package in parse_packages(run(HELPER, "cat-file", str(path)), texts)
    )
    return list({package.name: package for package in found}.values())


def descriptions() -> list[str]:
    """What each package is, as one line of text; each text once, in the order of apt's lists."""
    lists = _lists()
    texts = (
        text
        for path in sorted(lists.glob("*_Translation-en*"))
        for text in parse_descriptions(run(HELPER, "cat-file", str(path)))
    )
    return list(dict.fromkeys(filter(None, texts)))


def glosses() -> list[str]:
    """WordNet's definitions with their examples; each text once."""
    folder = wordnet()
    lines = (
        line
        for pos in ("noun", "verb", "adj", "adv")
        for line in (folder / f"data.{pos}").read_text().splitlines()
    )
    texts = (line.split(" | ", 1)[1].strip() for line in lines if not line.startswith("  "))
    return list(dict.fromkeys(texts))


def wordnet() -> Path:
    """The folder of WordNet's files."""
    folder = APT / "wordnet/usr/share/wordnet"
    if not folder.exists():
        _lists()
        run("apt-get", *_options(), "download", "wordnet-base", folder=APT)
        (package,) = APT.glob("wordnet-base_*.deb")
        run("dpkg-deb", "-x", str(package), str(APT / "wordnet"))
    return folder


def _lists() -> Path:
    """The lists of packages with English descriptions, fetched into a folder of our own."""
    lists = APT / "lists"
    if not any(lists.glob("*_Translation-en*")):
        if shutil.which("apt-get") is None:
            raise NotMeasured("needs apt-get, that is, Debian or Ubuntu")
        for folder in (lists / "partial", APT / "cache/archives/partial"):
            folder.mkdir(parents=True, exist_ok=True)
        run("apt-get", *_options(), "update")
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


def run(*command: str, folder: Path | None = None) -> str:
    """What a command prints.

    Raises:
        NotMeasured: It failed, or is not on this machine.
    """
    if shutil.which(command[0]) is None:
        raise NotMeasured(f"needs {command[0]}")
    done = subprocess.run(command, cwd=folder, capture_output=True, check=False)
    if done.returncode != 0:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        raise NotMeasured(f"{command[0]}: {said[-1] if said else done.returncode}")
    return done.stdout.decode(errors="replace")


def parse_descriptions(lists: str) -> Iterator[str]:
    """Each field Description-en as one line: its first line, and the indented lines behind it."""
    for found in re.finditer(r"^Description-en: (.*(?:\n[ \t].*)*)", lists, re.MULTILINE):
        yield _joined(found[1])


def parse_texts(lists: str) -> Iterator[tuple[str, str]]:
    """The Description-md5 of each package, and its description as one line."""
    for fields in _paragraphs(lists):
        if "Description-en" in fields and "Description-md5" in fields:
            yield fields["Description-md5"], _joined(fields["Description-en"])


def parse_packages(lists: str, texts: dict[str, str]) -> Iterator[Package]:
    """Each package whose description is among the texts; `a::{b, c}` are the tags a::b and a::c."""
    for fields in _paragraphs(lists):
        if text := texts.get(fields.get("Description-md5", "")):
            source = fields.get("Source", fields["Package"]).split()[0]
            yield Package(fields["Package"], source, text, tuple(_tags(fields.get("Tag", ""))))


def _paragraphs(lists: str) -> Iterator[dict[str, str]]:
    for paragraph in lists.split("\n\n"):
        if paragraph.strip():
            yield dict(re.findall(r"^([\w-]+): ?(.*(?:\n[ \t].*)*)", paragraph, re.MULTILINE))


def _tags(field: str) -> Iterator[str]:
    for tag in re.split(r",\s*(?![^{]*\})", field.replace("\n", " ")):
        facet, _, value = tag.strip().partition("::")
        for each in value.strip("{}").split(","):
            if each.strip():
                yield f"{facet}::{each.strip()}"


def _joined(description: str) -> str:
    """The summary as a sentence, then the paragraphs; a lone dot stands for an empty line."""
    summary, *lines = description.split("\n")
    words = [f"{summary}.", *(line.strip() for line in lines if line.strip() != ".")]
    return re.sub(r"\s+", " ", " ".join(words)).strip()
