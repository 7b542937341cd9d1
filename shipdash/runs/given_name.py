"""The name that a person gave a run: one line of text in its folder, never part of a path.

It changes nothing of what was asked, and so not the run id.
"""

from __future__ import annotations

import contextlib
from pathlib import Path

from shipdash.runs.errors import StoreError

FILE = "name.txt"
LONGEST = 80


def checked(name: str) -> str:
    """The name without spaces around it; `StoreError` where it cannot be one.

    Line breaks, control characters and characters that change the direction of writing are
    refused: a name is printed on terminals and in tables.
    """
    name = name.strip()
    if len(name) > LONGEST:
        raise StoreError(f"A name has at most {LONGEST} characters; this one has {len(name):,}. "
                         "Shorten it.")
    if not name.isprintable():
        raise StoreError("A name is one line of printable characters. Remove line breaks and "
                         "invisible characters.")
    return name


def read(folder: Path) -> str:
    """The stored name; empty where there is none, or where what is stored cannot be one."""
    with contextlib.suppress(OSError, UnicodeDecodeError, StoreError):
        with (folder / FILE).open("rb") as file:
            return checked(file.read(5 * LONGEST).decode())  # at most four bytes a character
    return ""
