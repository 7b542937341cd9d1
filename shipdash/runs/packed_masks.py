"""Stored predictions as masks of one bit a pixel: what a recorded run ships. No file is touched.

The worker stores probabilities, 16 kB a pair of 128 x 128 before compression; of a recorded run
only the masks are shown, and a mask takes 2 kB.
"""

from __future__ import annotations

import numpy as np

MASK = 128  # a stored probability of 0..255 from here on is a pixel of the predicted mask


def packed(arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Arrays of an evaluation with `bits` in the place of `probability`.

    `bits` is uint8 of shape (n, rows, cols / 8): sides are multiples of 16, so no bit is left over.
    """
    rest = {name: values for name, values in arrays.items() if name != "probability"}
    return {**rest, "bits": np.packbits(arrays["probability"] >= MASK, axis=2)}


def unpacked(arrays: dict[str, np.ndarray] | None) -> dict[str, np.ndarray] | None:
    """What `packed` was given, thresholded: `probability` is 0 or 255; anything else unchanged."""
    if arrays is None or "bits" not in arrays:
        return arrays
    bits = arrays["bits"]
    if bits.dtype != np.uint8 or bits.ndim != 3:
        return arrays  # the store says that the file is damaged
    rest = {name: values for name, values in arrays.items() if name != "bits"}
    return {**rest, "probability": np.unpackbits(bits, axis=2) * np.uint8(255)}
