"""Labelled texts from Debian: nouns of WordNet by topic, and programs by tag. Knows apt's files."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator

from benchmarks import debian
from benchmarks.labelled_rows import Row, plain, side_of, split_rows, without_copies

# WordNet's lexicographer files 3 to 28; the two that are no topics, or hardly there, are left out.
FIRST_NOUN_FILE = 3
NOUN_TOPICS = (
    *("Tops", "act", "animal", "artifact", "attribute", "body", "cognition", "communication"),
    *("event", "feeling", "food", "group", "location", "motive", "object", "person"),
    *("phenomenon", "plant", "possession", "process", "quantity", "relation", "shape"),
    *("state", "substance", "time"),
)
NO_TOPICS = ("Tops", "motive")
LEAST_CHARACTERS = 15

PROGRAM = "role::program"
FACETS = (
    *("interface", "use", "works-with", "network", "field", "game"),
    *("protocol", "hardware", "admin", "security", "sound", "mail"),
)
NUM_TAGS = 24
# Of the most frequent tags, those that say nothing beside the others.
IDLE_TAGS = ("interface::x11", "works-with::image:raster", "protocol::http", "use::analysing")


def wordnet_nouns() -> list[Row]:
    """Glosses of nouns without their examples, by topic: 80,090 of 24 topics."""
    lines = (debian.wordnet() / "data.noun").read_text().splitlines()
    topics = {f"noun.{topic}" for topic in NOUN_TOPICS if topic not in NO_TOPICS}
    rows = [row for row in parse_nouns(lines) if row["label"] in topics]
    return split_rows(without_copies(rows))


def parse_nouns(lines: Iterable[str]) -> Iterator[Row]:
    """One row for each line of WordNet's data.noun that has a gloss of 15 characters or more."""
    for line in lines:
        if line.startswith("  "):  # the licence
            continue
        fields, gloss = line.split(" | ", 1)
        offset, number, *_ = fields.split(" ")
        text = re.sub(r';?\s*"[^"]*"?', "", gloss).strip(" ;")
        if len(text) >= LEAST_CHARACTERS:
            yield {
                "id": f"noun-{offset}",
                "text": text,
                "label": f"noun.{NOUN_TOPICS[int(number) - FIRST_NOUN_FILE]}",
            }


def debtags20() -> list[Row]:
    """Descriptions of programs with 20 tags of Debian; sources, not packages, are split."""
    programs = [package for package in debian.packages() if PROGRAM in package.tags]
    counts = Counter(
        tag for package in programs for tag in package.tags if tag.split("::")[0] in FACETS
    )
    kept = {tag for tag, _ in counts.most_common(NUM_TAGS)} - set(IDLE_TAGS)
    rows = [
        {
            "id": package.name,
            "text": package.text,
            "labels": sorted(kept.intersection(package.tags)),
            "split": side_of(package.source),
        }
        for package in programs
        if kept.intersection(package.tags)
    ]
    return list({plain(str(row["text"])): row for row in reversed(rows)}.values())[::-1]
