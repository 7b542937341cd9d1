"""Images without labels: every picture of a folder, its mask void from border to border.

Void is what a pixel is whose truth nobody has said; it counts in no loss and no score.
"""

from __future__ import annotations

import numpy as np

from shipdash.data.source import VOID
from shipdash.importing.file_reading import Place, pictures_in
from shipdash.importing.listing import Candidate, Mask, group_of
from shipdash.importing.request import ImportRequest


class Unlabelled:
    """See `listing.Labels`."""

    def __init__(self, place: Place, request: ImportRequest) -> None:
        names, self.left_out = pictures_in(place, request.images, "images")
        self.candidates = [Candidate(name, group_of(name, request.group)) for name in names]

    def mask(self, candidate: Candidate, shape: tuple[int, int]) -> Mask:
        """See `listing.Labels.mask`: void everywhere."""
        return Mask(np.full(shape, VOID, np.uint8))
