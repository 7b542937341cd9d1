"""Files inside a ZIP archive, read one by one and never unpacked onto the disk.

An archive from a stranger is checked as a whole before the first file of it is read.
"""

from __future__ import annotations

import contextlib
import re
import stat
import zipfile
import zlib
from collections import Counter
from pathlib import PurePosixPath
from typing import NamedTuple

from shipdash.config import ConfigError
from shipdash.data.file_names import name_of
from shipdash.importing.file_reading import MOST_FILE_BYTES, joined, too_large
from shipdash.importing.listing import PICTURES, Unfit

MOST_FILES = 20_000
"""Twice 10,000 pairs; what is larger is imported from a folder."""

MOST_BYTES = 4 * 2**30
"""Unpacked, all files together: 10,000 images of 360 x 360 without compression."""

MOST_RATIO = 200
"""Unpacked bytes a packed one. Pictures reach 2, empty masks without own compression 1,000; so
archives that unpack to less than `FREE_BYTES` may have any ratio."""

FREE_BYTES = 100 * 2**20

MOST_NAMED = 5
"""Folders that are named where the one that was asked for is not there; `.` is all of them."""

_METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
_ENCRYPTED = 0x1


class Contents(NamedTuple):
    """What an archive holds that could be imported, for a person to choose from."""

    folders: dict[str, int]  # folder: number of pictures in it and below; `.`, of all, is the last
    n_with_pictures: int  # folders that have pictures of their own
    tables: tuple[str, ...]  # CSV files
    annotations: tuple[str, ...]  # JSON files


class Archive:
    """The files of a ZIP archive. One folder around all of them is left out of their names.

    Raises
    ------
    ConfigError
        It is no archive that can be read, or one that could do harm.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        try:
            self._zip = zipfile.ZipFile(path)
        except (OSError, ValueError, NotImplementedError, EOFError, zipfile.BadZipFile) as error:
            # zipfile's own word for a version or compression that it cannot read
            raise _refused(path, f"must be a ZIP archive that can be read ({error})") from None
        try:
            members = [member for member in self._zip.infolist() if not member.is_dir()]
            _check(path, members, self._zip.fp.seek(0, 2))
        except BaseException:
            self._zip.close()
            raise
        named = {name_of(member): member for member in members
                 if not _is_hidden(member.filename)}
        around = _folder_around(list(named))
        self._members = {name.removeprefix(around): member for name, member in named.items()}

    def names(self, folder: str, field: str) -> list[str]:
        """See `Place.names`."""
        prefix = joined(folder, "")
        found = sorted(name.removeprefix(prefix) for name in self._members
                       if name.startswith(prefix))
        if not found:
            there = ", ".join(list(self.contents().folders)[:MOST_NAMED]) or "none with pictures"
            raise ConfigError(f"import.{field}", folder, "must be a folder with files inside the "
                              f"archive {self.path}; the folders are: {there}")
        return found

    def read(self, name: str) -> bytes:
        """See `Place.read`."""
        if name not in self._members:
            raise Unfit(f"is not in the archive {self.path}")
        member = self._members[name]
        try:
            # Bounded, since a packed stream may hold far more than its header says.
            with self._zip.open(member) as opened:
                return opened.read(member.file_size + 1)
        except (OSError, ValueError, EOFError, RuntimeError, zipfile.BadZipFile,
                zlib.error) as error:
            raise Unfit(f"is damaged inside the archive ({error})") from None

    def stamp(self, name: str) -> str:
        """Size and checksum."""
        if name not in self._members:
            return ""
        member = self._members[name]
        return f"{member.file_size} {member.CRC}"

    def close(self) -> None:
        """Nothing is read any more."""
        self._zip.close()

    def contents(self) -> Contents:
        """Folders, tables and annotations by name."""
        paths = [PurePosixPath(name) for name in sorted(self._members)]
        pictures = [path for path in paths if path.suffix.lower() in PICTURES]
        own = {str(path.parent) for path in pictures}
        below = Counter(str(folder) for path in pictures for folder in path.parents)
        names = sorted(below.keys() - {"."}) + ["."] * (len(own) > 1 or "." in own)
        tables, annotations = (tuple(str(path) for path in paths if path.suffix.lower() == end)
                               for end in (".csv", ".json"))
        return Contents({name: below[name] for name in names}, len(own), tables, annotations)


def contents(path: str) -> Contents:
    """What the archive at `path` holds; `ConfigError` where it is refused."""
    with contextlib.closing(Archive(path)) as archive:
        return archive.contents()


def _check(path: str, members: list[zipfile.ZipInfo], packed: int) -> None:
    """Count, sizes, ratio, then every name and kind; `ConfigError` for the first that is wrong."""
    if len(members) > MOST_FILES:
        raise _refused(path, f"must hold at most {MOST_FILES:,} files; it has {len(members):,}. "
                       "Unpack it and import the folder")
    unpacked = sum(member.file_size for member in members)
    if unpacked > MOST_BYTES:
        raise _refused(path, f"must unpack to at most {MOST_BYTES / 2**30:.0f} GB; it says "
                       f"{unpacked / 2**30:,.1f} GB")
    if unpacked > max(FREE_BYTES, MOST_RATIO * packed):
        raise _refused(path, f"must not unpack to more than {MOST_RATIO} times its size; it says "
                       f"{unpacked / max(1, packed):,.0f} times")
    twice = [name for name, n in Counter(map(name_of, members)).items() if n > 1]
    if twice:
        raise _refused(path, f"must not hold two files with the same name: {twice[0]!r:.80}")
    for member in members:
        wrong = _harm(member)
        if wrong:
            raise _refused(path, f"holds {member.filename!r:.80}, which {wrong}")


def _harm(member: zipfile.ZipInfo) -> str:
    """What is wrong with a file of an archive, as the end of a sentence; empty where nothing is."""
    name, kind = member.filename, stat.S_IFMT(member.external_attr >> 16)
    if name.startswith(("/", "\\")) or re.match("[A-Za-z]:", name):
        return "has an absolute path"
    if "\\" in name or ".." in PurePosixPath(name).parts:
        return "has a path that could leave the archive"
    if kind not in (0, stat.S_IFREG):
        return "is a link or not a regular file"
    if member.flag_bits & _ENCRYPTED:
        return "is encrypted"
    if member.compress_type not in _METHODS:
        return "is compressed by a method other than deflate"
    return too_large(member.file_size) if member.file_size > MOST_FILE_BYTES else ""


def _is_hidden(name: str) -> bool:
    """Files that macOS and file managers add."""
    return any(part.startswith(".") or part == "__MACOSX" for part in PurePosixPath(name).parts)


def _folder_around(names: list[str]) -> str:
    """The folder that holds everything, with its slash, where there are folders in it; or nothing.

    >>> _folder_around(["nuclei/images/1.png", "nuclei/labels.csv"])
    'nuclei/'
    >>> _folder_around(["images/1.png", "images/2.png"])
    ''
    """
    tops = {name.partition("/")[0] for name in names if "/" in name}
    around = len(tops) == 1 and all("/" in name for name in names)
    return f"{tops.pop()}/" if around and any(name.count("/") > 1 for name in names) else ""


def _refused(path: str, rule: str) -> ConfigError:
    return ConfigError("import.archive", path, rule)
