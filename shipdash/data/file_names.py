"""Names of files as they are compared, whatever system or program wrote them."""

from __future__ import annotations

import re
import unicodedata
import zipfile
from pathlib import PurePosixPath

_UTF_8 = 0x800

FORMULA = r"[\s=+\-@]"
"""A cell that begins so is a formula to the spreadsheet that opens an exported table."""


def in_cell(path: str) -> str:
    """The path as a cell of an exported table has it: the same path, and no formula.

    >>> in_cell("=1+1.png"), in_cell("sea/=1.png"), in_cell("")
    ('./=1+1.png', 'sea/=1.png', '')
    """
    return f"./{path}" if re.match(FORMULA, path) else path


def from_cell(path: str) -> str:
    """The path that `in_cell` was given, as it is compared.

    >>> from_cell(in_cell("-0.png"))
    '-0.png'
    """
    return spelled(path).removeprefix("./")


def spelled(name: str) -> str:
    """The name as it is compared: macOS writes ü as u and two dots, others as one letter.

    >>> spelled("zu\u0308rich") == "z\u00fcrich"
    True
    """
    return unicodedata.normalize("NFC", name)


def ends(path: str) -> list[str]:
    """What a path ends in, whole parts, the longest first.

    >>> ends("set/berlin/7.png")
    ['set/berlin/7.png', 'berlin/7.png', '7.png']
    """
    parts = PurePosixPath(path).parts
    return [str(PurePosixPath(*parts[k:])) for k in range(len(parts))]


def name_of(member: zipfile.ZipInfo) -> str:
    """The name of a file inside a ZIP archive: in UTF-8 where it is that, whatever its flag says.

    macOS and other programs write UTF-8 without the flag for it, and zipfile then takes each byte
    for a character of MS-DOS.

    >>> name_of(zipfile.ZipInfo("zürich.png".encode().decode("cp437")))
    'zürich.png'
    """
    if member.flag_bits & _UTF_8:
        return member.filename
    try:
        return member.filename.encode("cp437").decode("utf-8")
    except UnicodeError:
        return member.filename
