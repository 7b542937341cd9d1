"""Tiles of pictures, clicked or walked through by keyboard: one component, one message a page.

Which pairs are shown, and what a click opens, is not known here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from shipdash.ui.component import component

_mount = component("tiles", "elements.js", "tiles.js", css="tiles.css")


class Part(NamedTuple):
    """One picture of a tile, or the word for why there is none."""

    name: str  # what it is: "truth"
    url: str = ""
    word: str = ""
    is_drawing: bool = False  # lines and hatching are scaled smoothly, pixels never


class Tile(NamedTuple):
    """Pictures side by side with a caption below; `name` is what a click answers."""

    name: str
    caption: str
    parts: tuple[Part, ...]


def draw(tiles: Sequence[Tile], *, key: str, alt: str, clicks: bool = False,
         named: bool = False, widths_px: tuple[int, int] = (110, 256)) -> str | None:
    """The tiles in as many columns as fit; the name of the one that was clicked just now.

    Parameters
    ----------
    alt : str
        What the whole shows, for who cannot see it.
    clicks : bool
        Whether a tile is a button.
    named : bool
        Whether the name of each part is written below it.
    widths_px : (int, int)
        Least and greatest width of a picture, on a page that has the room.
    """
    answer = _mount(key=key, on_clicked_change=lambda: None, data={
        "name": key, "alt": alt, "clicks": clicks, "named": named, "widths": widths_px,
        "tiles": [{"name": tile.name, "caption": tile.caption,
                   "parts": [part._asdict() for part in tile.parts]} for tile in tiles]})
    names = {tile.name for tile in tiles}
    return answer.clicked if clicks and answer.clicked in names else None
