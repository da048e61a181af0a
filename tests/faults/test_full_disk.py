"""Cases 9 to 11: a disk that is full, at any stage; one that may not be written; no hard links."""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from data import CATALOG, LocalStore, newest_catalog, newest_seal
from data.stores.store import DiskFull, StoreNotWritable
from tests.faults.accounts import account
from tests.faults.runs import begin_run, whole_run
from tests.faults.work import Job
from tests.stores import files_below, tiny_store

Mount = Callable[..., Path]


@dataclass(frozen=True)
class Room:
    """What a disk runs out of: how to fill it up to so much, in which steps.

    `stages` are those at which a run is sure to be met by one of the steps.
    """

    steps: tuple[int, ...]
    leave: Callable[[Path, int], None]
    stages: frozenset[str]


def leave_kb(ballast: Path, size_kb: int) -> None:
    """Fill the disk up to so many kB."""
    free = os.statvfs(ballast)
    with (ballast / "x").open("wb") as file:
        file.write(bytes(max(free.f_bavail * free.f_bsize - size_kb * 1024, 0)))


def leave_names(ballast: Path, count: int) -> None:
    """Fill the disk up to so many files, folders and links."""
    for number in range(os.statvfs(ballast).f_favail - count):
        (ballast / str(number)).touch()


ROOM = {
    "bytes": Room(
        (*range(0, 160, 16), *range(160, 2_000, 100)),
        leave_kb,
        frozenset({"chunks", "catalog"}),  # a seal takes one page, which a step may pass over
    ),
    "names": Room((*range(0, 40, 5), *range(40, 120, 3)), leave_names, frozenset({"chunks"})),
}


@pytest.fixture
def mount(tmp_path: Path) -> Iterator[Mount]:
    """mount("tmpfs", "size=1m"): a file system of its own; skips where that is not allowed."""
    folder = tmp_path / "disk"
    folder.mkdir()

    def make(kind: str, options: str, device: str = "none") -> Path:
        said = subprocess.run(
            ["mount", "-t", kind, "-o", options, device, str(folder)],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        if said.returncode:
            pytest.skip(f"no {kind} can be mounted here: {said.stderr.strip()}")
        (folder / "ballast").mkdir()
        return folder

    yield make
    subprocess.run(["umount", "--lazy", str(folder)], capture_output=True, check=False)


@pytest.mark.slow
@pytest.mark.parametrize("lacking", ROOM)
@pytest.mark.parametrize("has_catalog", [False, True], ids=["first run", "later run"])
def test_case_09_a_full_disk_is_said_at_every_stage_and_the_rerun_finishes(
    make_job: Callable[..., Job], mount: Mount, has_catalog: bool, lacking: str
) -> None:
    job, room, stages = make_job(), ROOM[lacking], set()
    if has_catalog:
        whole_run(LocalStore(job.store), job.corpus, job.spaces[0])
    disk = mount("tmpfs", "size=8m,nr_inodes=300")
    for left in room.steps:
        store = _copy_store(job, disk)
        room.leave(disk / "ballast", left)
        try:
            whole_run(store, job.corpus, *job.spaces)
        except DiskFull:
            stages.add(_stage(store, has_catalog))
        else:
            break
        finally:
            _empty(disk / "ballast")
        assert _unfinished(disk) == []
        if has_catalog:
            assert account(newest_catalog(store), job.sources, job.spaces[0]).is_good
        assert begin_run(store, job.corpus, *job.spaces).is_sound(store)
        whole_run(store, job.corpus, *job.spaces)
        assert all(account(newest_catalog(store), job.sources, s).is_good for s in job.spaces)
    else:
        pytest.fail(f"a run does not fit into {room.steps[-1]} {lacking}")
    assert stages >= room.stages


def _copy_store(job: Job, disk: Path) -> LocalStore:
    shutil.rmtree(disk / "store", ignore_errors=True)
    return LocalStore(shutil.copytree(job.store, disk / "store", symlinks=True))


def _empty(ballast: Path) -> None:
    shutil.rmtree(ballast)
    ballast.mkdir()


def _unfinished(disk: Path) -> list[str]:
    return [name for name in files_below(disk) if "/." in name or ".building" in name]


def _stage(store: LocalStore, has_catalog: bool) -> str:
    """Before which step the disk was full."""
    seal = newest_seal(store)
    if seal is not None and seal.number == 1 + has_catalog:
        return "catalog"
    done = [len(store.list(f"datasets/{each}/commits")) for each in store.list("datasets")]
    return "seal" if done == [2, 2, 2] else "chunks"


def test_case_10_a_catalog_that_does_not_fit_doubles_nothing(
    make_job: Callable[..., Job], mount: Mount
) -> None:
    job = make_job(rows=200)
    disk = mount("tmpfs", "size=16m")
    store = _copy_store(job, disk)
    whole_run(store, job.corpus, job.spaces[0])
    shown = newest_catalog(store)
    leave_kb(disk / "ballast", 700)
    for _ in range(3):
        with pytest.raises(DiskFull):
            whole_run(store, job.corpus, *job.spaces)
    assert newest_catalog(store) == shown
    _empty(disk / "ballast")
    whole_run(store, job.corpus, *job.spaces)
    assert all(account(newest_catalog(store), job.sources, s).is_good for s in job.spaces)
    assert newest_seal(store).number == 2


def test_case_11_a_disk_that_may_only_be_read_is_refused_by_the_probe(
    make_job: Callable[..., Job], mount: Mount
) -> None:
    job = make_job()
    disk = mount("tmpfs", "size=8m")
    whole_run(tiny_store(disk / "store"), job.corpus, *job.spaces)
    before = files_below(disk)
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    with pytest.raises(StoreNotWritable, match=r"cannot be written \(Read-only file system\)"):
        tiny_store(disk / "store")
    assert files_below(disk) == before
    assert account(disk / "store" / CATALOG, job.sources, job.spaces[0]).is_good


def test_case_11_a_file_system_without_hard_links_is_refused_by_the_probe(
    tmp_path: Path, mount: Mount
) -> None:
    image = tmp_path / "fat.img"
    image.write_bytes(bytes(1 << 20))
    if shutil.which("mkfs.vfat") is None:
        pytest.skip("mkfs.vfat is not installed; tests/unit/test_store.py lets os.link fail")
    subprocess.run(["mkfs.vfat", str(image)], check=True, capture_output=True)
    disk = mount("vfat", "loop", device=str(image))
    with pytest.raises(StoreNotWritable, match="needs hard links and fsync"):
        tiny_store(disk / "store")
    assert not (disk / "store" / "store.json").exists()
