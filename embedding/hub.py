"""Find the folder of a model. Knows local folders and the hub's cache, not what a folder holds."""

import re
from functools import lru_cache
from pathlib import Path

from huggingface_hub import snapshot_download
from huggingface_hub.errors import (
    GatedRepoError,
    HfHubHTTPError,
    HFValidationError,
    LocalEntryNotFoundError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)

from embedding.spec import EncoderSpec

HUB_ID = re.compile(r"^[A-Za-z0-9][\w.-]*(/[\w.-]+)?$")
PATTERNS = ["*.safetensors", "*.json", "*.txt", "*.model"]
OTHER_FORMATS = ["onnx/*", "openvino/*"]


def find_folder(spec: EncoderSpec) -> Path:
    """The local folder of the model; a hub id is downloaded, or taken from the cache offline.

    Raises:
        ValueError: It is neither a folder nor a hub id that can be reached.
    """
    folder = Path(spec.model).expanduser()
    if folder.is_dir():
        if spec.revision is not None:
            raise ValueError(
                f"model {spec.model!r} is a folder, and found revision {spec.revision!r}: "
                "only hub ids have revisions. Leave the revision empty."
            )
        return folder
    if not HUB_ID.match(spec.model):
        raise ValueError(
            f"model {spec.model!r}: no such folder (looked in {Path.cwd()}), and not a hub id. "
            "Give a folder that exists, or an id like sentence-transformers/all-MiniLM-L6-v2."
        )
    return _snapshot(spec.model, spec.revision, spec.trust_remote_code)


@lru_cache(maxsize=32)
def _snapshot(model: str, revision: str | None, with_code: bool) -> Path:
    """One answer per process: a branch that moves during a run must not mix two models."""
    try:
        return Path(
            snapshot_download(
                model,
                revision=revision,
                allow_patterns=[*PATTERNS, "*.py"] if with_code else PATTERNS,
                ignore_patterns=OTHER_FORMATS,
            )
        )
    except RevisionNotFoundError as error:
        raise ValueError(
            f"model {model!r}: the hub has no revision {revision!r}. Name a commit, tag or branch."
        ) from error
    except GatedRepoError as error:
        raise ValueError(
            f"model {model!r}: the hub asks for permission first. Request it on the model's page, "
            "then log in with `hf auth login`."
        ) from error
    except RepositoryNotFoundError as error:
        raise ValueError(
            f"model {model!r}: no folder here (looked in {Path.cwd()}) and no such model on the "
            "hub, or a private one. Check the spelling, or log in with `hf auth login`."
        ) from error
    except (HfHubHTTPError, HFValidationError, LocalEntryNotFoundError) as error:
        raise ValueError(
            f"model {model!r}: no folder here (looked in {Path.cwd()}), not in the hub's cache, "
            f"and the hub could not be reached ({_first_line(error)}). "
            "Give a local folder, or connect once so that the model is cached."
        ) from error


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
