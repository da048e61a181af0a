"""The files behind the path of a corpus.

Knows where files are and which of them count. Does not open them: data/sources/source_file.py does.
"""

import re
from dataclasses import dataclass
from functools import cache
from pathlib import PurePosixPath

import fsspec

from data.stores.file_errors import server_errors
from data.stores.store import STORE_FOLDERS, STORE_JSON

_SUFFIXES: tuple[str, ...] = (".parquet", ".parq", ".pq")
_ANY_SUFFIX: tuple[str, ...] = ("",)
_WILDCARD = r"[*?\[]"


@dataclass(frozen=True, slots=True)
class ListedFiles:
    """The files of a corpus, by full path in order, and what was passed over."""

    filesystem: fsspec.AbstractFileSystem
    root: str
    paths: tuple[str, ...]
    passed_over: tuple[str, ...]

    def relative(self, path: str) -> str:
        """The path below the root: how a file is named in the store, wherever the root moves."""
        return path[len(self.root) :].lstrip("/")

    def is_hidden(self, path: str) -> bool:
        """Whether a name below the root starts with `_` or `.`, as those of unfinished files do."""
        return any(part.startswith(("_", ".")) for part in PurePosixPath(self.relative(path)).parts)


def list_files(path: str) -> ListedFiles:
    """The corpus files behind a path, sorted.

    A folder gives its Parquet files, by suffix, and a glob what it matches, both without names that
    start with `_` or `.`; one file that is named counts whatever its name.

    Raises:
        ValueError: nothing matched, or the URL cannot be opened.
        OSError: the disk or the network failed.
    """
    filesystem, full = _open_filesystem(path)
    full = full.rstrip("/") or "/"
    with server_errors(path):
        root, named = _named(filesystem, full)
        if not named and not _has_wildcard(filesystem, full):
            raise ValueError(
                f"corpus path {path!r}: there is no such file or folder. Set corpus.path."
            )
        found = _without_stores(_files_of(filesystem, named), filesystem, root)
    listed = ListedFiles(filesystem, root, (), ())
    paths = tuple(
        name
        for name, suffixes in sorted(found.items())
        if name == full or (name.lower().endswith(suffixes) and not listed.is_hidden(name))
    )
    passed_over = tuple(
        printable(listed.relative(name)) for name in sorted(set(found) - set(paths))
    )
    if not paths:
        seen = f"found only {list(passed_over[:5])}" if passed_over else "found nothing"
        raise ValueError(
            f"corpus path {path!r}: no Parquet file matched; {seen}. Set corpus.path to Parquet "
            "files; names that start with '_' or '.' are skipped."
        )
    return ListedFiles(filesystem, root, paths, passed_over)


def _named(filesystem: fsspec.AbstractFileSystem, full: str) -> tuple[str, list[str]]:
    """The root, and the files and folders that the path stands for."""
    if _has_wildcard(filesystem, full) and not filesystem.exists(full):
        return _fixed_part(full), [str(name) for name in filesystem.glob(full)]
    if not _is_there(filesystem, full):
        return full, []
    return full if filesystem.isdir(full) else _joined(full.split("/")[:-1]), [full]


def _files_of(
    filesystem: fsspec.AbstractFileSystem, named: list[str]
) -> dict[str, tuple[str, ...]]:
    """The files that are named and those in folders, with the suffixes that make them count.

    Of a web server's, what cannot be had is said when it is opened, file by file.
    """
    is_file = _names_a_file if _is_web(filesystem) else filesystem.isfile
    found = {name: _ANY_SUFFIX for name in named if is_file(name)}
    for folder in set(named) - set(found):
        found |= dict.fromkeys(filesystem.find(folder), _SUFFIXES)
    return found


def _names_a_file(url: str) -> bool:
    return not url.endswith("/")


def _has_wildcard(filesystem: fsspec.AbstractFileSystem, full: str) -> bool:
    """A question mark in a URL begins its query, and stands for no character."""
    return bool(re.search(r"[*\[]" if _is_web(filesystem) else _WILDCARD, full))


def _is_there(filesystem: fsspec.AbstractFileSystem, full: str) -> bool:
    """Whether there is such a file or folder; of a web server that fails, fsspec would say no."""
    strictly = {"strict": True} if _is_web(filesystem) else {}
    return bool(filesystem.exists(full, **strictly))


def _is_web(filesystem: fsspec.AbstractFileSystem) -> bool:
    return "https" in filesystem.protocol


def _without_stores(
    found: dict[str, tuple[str, ...]], filesystem: fsspec.AbstractFileSystem, root: str
) -> dict[str, tuple[str, ...]]:
    """A store may lie inside the folder that it is made from: its own files are no corpus.

    The file that marks a store is looked for, since a glob need not match it. Nothing above the
    root counts: who names a folder inside a store wants what is there.
    """
    is_store = cache(lambda folder: bool(filesystem.exists(f"{folder}/{STORE_JSON}")))

    def is_inside(name: str) -> bool:
        parts = PurePosixPath(name[len(root) :].lstrip("/")).parts
        folders = (n for n, part in enumerate(parts[:-1]) if part in STORE_FOLDERS)
        return any(is_store("/".join([root.rstrip("/"), *parts[:n]])) for n in folders)

    return {name: suffixes for name, suffixes in found.items() if not is_inside(name)}


def _open_filesystem(path: str) -> tuple[fsspec.AbstractFileSystem, str]:
    try:
        filesystem, full = fsspec.core.url_to_fs(path)
    except ImportError as error:
        raise ValueError(
            f"corpus path {path!r}: {error}. Install the package that it names, such as s3fs for s3://."
        ) from error
    except ValueError as error:
        raise ValueError(f"corpus path {path!r}: {error}. Set corpus.path.") from error
    return filesystem, str(full)


def printable(name: str) -> str:
    """The name, with an escape in place of each byte that is not UTF-8, as Linux allows them."""
    return name.encode("utf-8", "backslashreplace").decode()


def _fixed_part(pattern: str) -> str:
    """The folders of a glob before its first wildcard."""
    parts = pattern.split("/")
    return _joined(parts[: next(n for n, part in enumerate(parts) if re.search(_WILDCARD, part))])


def _joined(parts: list[str]) -> str:
    """The folder, as text: a path would make one slash of the two in https://."""
    return "/" if parts == [""] else "/".join(parts)
