"""Files that lie nowhere: what a corpus of them lists, and what one reads there.

Knows plans. Does not know stores.
"""

from data import Plan
from data.sources.chunks import Span, make_chunk
from data.sources.parquet_file import RowGroup
from data.sources.source_file import FileIdentity, SourceFile
from tests.stores import corpus_of

ROWS = 3


class Sources:
    """What lies in a corpus: files by path, each in one of its revisions and with one text.

    A silent edit changes the text, and neither the file's size nor its time nor its footer.
    """

    def __init__(self, name: str) -> None:
        self.corpus = corpus_of(f"/{name}", name)
        self.revisions = {"a": 0}
        self._silent: dict[tuple[str, int], int] = {}
        self._num_written = 0

    def write_anew(self, path: str) -> None:
        """Give a file content and a time that no file had before."""
        self._num_written += 1
        self.revisions[path] = self._num_written

    def put_back(self, path: str) -> None:
        """Bring back an older self of a file, with its time."""
        self.revisions[path] = max(self.revisions.get(path, 0) - 1, 0)

    def remove(self, _path: str) -> None:
        """Remove the second file; a corpus without any is an error."""
        self.revisions.pop("b", None)

    def edit_silently(self, path: str) -> None:
        """Change a file's text, if the file is there."""
        if path in self.revisions:
            key = path, self.revisions[path]
            self._silent[key] = self._silent.get(key, 0) + 1

    def rewrite_edited(self) -> None:
        """Give each file that was edited silently a time of its own, as its owner is told to."""
        for path, revision in self._silent:
            if self.revisions.get(path) == revision:
                self.write_anew(path)

    def plan(self) -> Plan:
        """The listing as it is now: one chunk a file."""
        files = [self._file(path, revision) for path, revision in sorted(self.revisions.items())]
        chunks = [make_chunk(file, Span(0, ROWS, 9), self.corpus) for file in files]
        return Plan(corpus=self.corpus, root="", files=tuple(files), chunks=tuple(chunks))

    def text(self, file: SourceFile) -> str:
        """What one who reads the planned file finds."""
        key = file.path, int(file.identity.modified)
        return f"{file.path} {key[1]} {self._silent.get(key, 0)}"

    def _file(self, path: str, revision: int) -> SourceFile:
        identity = FileIdentity(size_bytes=9, modified=str(revision), footer="")
        groups = (RowGroup(rows=ROWS, read_bytes=9),)
        return SourceFile(path=path, identity=identity, row_groups=groups)
