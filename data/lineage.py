"""What a dataset is, as frozen models that are hashed and stored beside the data.

Knows how a lineage becomes a fingerprint and a folder name. Does not know what an encoder or a
pooling is: tasks/ hands those over as JSON, and they are hashed as they are.
"""

import hashlib
import json
import re
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue

Precision = Literal["float32", "float16", "int8", "binary"]

_FROZEN = ConfigDict(frozen=True, extra="forbid")


class DocumentsLineage(BaseModel):
    """The documents of one corpus: which rows there are, not how they were embedded."""

    model_config = _FROZEN

    kind: Literal["documents"] = "documents"
    corpus: str


class SpaceLineage(BaseModel):
    """One space: an encoder with one pooling. Changing either makes another space."""

    model_config = _FROZEN

    kind: Literal["space"] = "space"
    encoder: dict[str, JsonValue]
    pooling: dict[str, JsonValue]


class LabelerLineage(BaseModel):
    """The labels of one labeler, by the fingerprint of what is stored of it under `models/`."""

    model_config = _FROZEN

    kind: Literal["labeler"] = "labeler"
    labeler: str


class Provenance(BaseModel):
    """Where an encoder was found: never hashed, since a moved folder is the same model."""

    model_config = _FROZEN

    model: str
    encoder_spec: dict[str, JsonValue]


class Dataset(BaseModel):
    """A lineage with its readable name and the shape of what it adds to a document.

    `dimension` is the length of a space's vectors, or the number of a labeler's labels.
    """

    model_config = _FROZEN

    slug: str
    lineage: Annotated[
        DocumentsLineage | SpaceLineage | LabelerLineage, Field(discriminator="kind")
    ]
    dimension: int | None = None
    precision: Precision | None = None
    provenance: Provenance | None = None

    @property
    def fingerprint(self) -> str:
        """The identity of the rows, in 64 hex digits; the slug has no part in it."""
        return fingerprint(self.lineage)

    @property
    def name(self) -> str:
        """The folder under `datasets/`: the slug and 8 hex digits of the fingerprint."""
        return f"{self.slug}-{self.fingerprint[:8]}"


def fingerprint(lineage: BaseModel) -> str:
    """The sha256 of a model's canonical JSON, in hex: equal content, equal fingerprint."""
    return hashlib.sha256(canonical_json(lineage.model_dump(mode="json"))).hexdigest()


def canonical_json(content: JsonValue) -> bytes:
    """JSON with sorted keys and no spaces, the same bytes in every process."""
    return json.dumps(content, sort_keys=True, separators=(",", ":")).encode()


def slug(text: str) -> str:
    """Lower-case letters, digits and single underscores: a name that SQL takes without quotes."""
    words = re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_") or "unnamed"
    return f"n{words}" if words[0].isdigit() else words
