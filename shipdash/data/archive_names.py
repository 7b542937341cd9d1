"""What a file inside a ZIP archive is called: as whoever packed it wrote it."""

from __future__ import annotations

import zipfile

_UTF_8 = 0x800


def name_of(member: zipfile.ZipInfo) -> str:
    """The name in UTF-8 where it is that, whether or not the archive says so.

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
