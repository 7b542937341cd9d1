"""Files to import, listed and read from the disk, with limits for one file. Archives: `archive`."""

from __future__ import annotations

import os
from pathlib import Path, PurePosixPath
from typing import Protocol

from shipdash.config import ConfigError
from shipdash.importing.listing import FORMATS, PICTURES, Unfit
from shipdash.importing.report import LeftOut

MOST_FILE_BYTES = 512 * 2**20
"""A COCO file of 100,000 images has 450 MB; a picture within the pixel limit has less."""


class Place(Protocol):
    """Files that can be listed and read by name; names have ``/`` on every system."""

    def names(self, folder: str, field: str) -> list[str]:
        """Sorted names of the files below a folder, relative to it, hidden files left out;
        `ConfigError` for the `field` of the request where there is no such folder."""
        ...

    def read(self, name: str) -> bytes:
        """The content of a file; `Unfit` where it is too large, damaged or not there."""
        ...

    def stamp(self, name: str) -> str:
        """What changes when the content of a file does; empty where there is no such file."""
        ...


class Disk:
    """Files by their paths. Links to files are followed; links to folders are not, and are listed
    as files that nobody can read."""

    def names(self, folder: str, field: str) -> list[str]:
        """See `Place.names`."""
        if not os.path.isdir(folder):
            raise ConfigError(f"import.{field}", folder, "must be a folder")
        try:
            return sorted(_below(folder, ""))
        except OSError as error:
            raise ConfigError(f"import.{field}", folder, f"must be readable, and {error.filename} "
                              f"is not ({error.strerror})") from None

    def read(self, name: str) -> bytes:
        """See `Place.read`."""
        try:
            path = Path(name)
            if not path.is_file():  # a pipe would be waited for without end
                raise Unfit("is not a file")
            if path.stat().st_size > MOST_FILE_BYTES:
                raise Unfit(too_large(path.stat().st_size))
            return path.read_bytes()
        except (OSError, ValueError) as error:
            raise Unfit(f"cannot be read ({getattr(error, 'strerror', None) or error})") from None

    def stamp(self, name: str) -> str:
        """Size and time of the last change."""
        try:
            found = os.stat(name)
            return f"{found.st_size} {found.st_mtime_ns}"
        except (OSError, ValueError):
            return ""


def pictures_in(place: Place, folder: str, field: str) -> tuple[list[str], list[LeftOut]]:
    """Names of the pictures below a folder, relative to it, and the other files with the reason.

    See `Place.names` for what is given.
    """
    taken, left_out = [], []
    for name in place.names(folder, field):
        readable = name.encode("utf-8", "replace").decode()
        if readable != name:
            left_out.append(LeftOut(joined(folder, readable), "has a name that is not UTF-8"))
        elif "\r" in name or "\n" in name:  # breaks lists of files
            left_out.append(LeftOut(joined(folder, repr(name)), "has a line break in its name"))
        elif PurePosixPath(name).suffix.lower() in PICTURES:
            taken.append(name)
        else:
            left_out.append(LeftOut(joined(folder, name),
                                    f"is not a {FORMATS} picture by its name"))
    return taken, left_out


def too_large(n_bytes: int) -> str:
    """The end of the sentence about a file of so many bytes."""
    return (f"has {n_bytes / 2**20:,.0f} MB; a file may have at most "
            f"{MOST_FILE_BYTES / 2**20:,.0f} MB")


def joined(folder: str, name: str) -> str:
    """The name of a file in a folder, both as given.

    >>> joined("pictures/", "berlin/1.png"), joined(".", "1.png")
    ('pictures/berlin/1.png', '1.png')
    """
    folder = folder.rstrip("/")
    return name if folder in ("", ".") else f"{folder}/{name}"


def _below(folder: str, prefix: str) -> list[str]:
    found = []
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith("."):
                continue
            if entry.is_dir(follow_symlinks=False):
                found += _below(entry.path, f"{prefix}{entry.name}/")
            else:  # a link that leads to no file too: whoever reads it says so
                found.append(prefix + entry.name)
    return found
