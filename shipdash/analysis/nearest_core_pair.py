"""Which pair of a core set is nearest to a pair: by true factors, or by brightness without them.

Not what the network compares: it knows neither factors nor distances.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

BLOCKS = 16
"""An image is compared as so many by so many blocks: noise averages out, the shapes stay."""

_PLAIN = ("high_sea", "target_row", "target_col", "semi_row", "semi_col", "target_area_px",
          "distractor_area_px", "distance_px")


def nearest_by_factors(facts: pd.DataFrame, index: int) -> int | None:
    """Number of the pair whose factors are nearest to those of pair `index`; None without others.

    Parameters
    ----------
    facts : DataFrame
        Columns `index` and the factors of the scene: one row for the pair, one for each core pair.

    Notes
    -----
    Euclidean distance of the factors, each divided by its standard deviation over the rows. A
    rotation counts as the point ``(cos 2a, sin 2a)``, since an ellipse turned by 180 degrees is the
    same. The lower number where two are equally near.
    """
    rows = facts.drop_duplicates("index").sort_values("index", ignore_index=True)
    numbers, is_self = rows["index"].to_numpy(), rows["index"].to_numpy() == index
    if is_self.all():
        return None
    turned = np.deg2rad(2 * rows["angle_deg"].to_numpy(float))
    columns = [rows[name].to_numpy(float) for name in _PLAIN]
    table = np.nan_to_num(np.column_stack([*columns, np.cos(turned), np.sin(turned)]))
    spread = table.std(axis=0)
    table = table / np.where(spread > 0, spread, 1)
    far = np.linalg.norm(table - table[is_self][0], axis=1)
    return int(numbers[np.argmin(np.where(is_self, np.inf, far))])


def nearest_by_brightness(image: np.ndarray, others: np.ndarray) -> int:
    """Place of the image in `others` with the least mean absolute difference of block averages.

    Parameters
    ----------
    image : float array, shape (rows, cols, 3)
    others : float array, shape (n, rows, cols, 3), n at least 1
        Rows and columns are multiples of 16; either may be `block_averages` already.
    """
    one, rest = block_averages(image[None]), block_averages(others)
    return int(np.argmin(np.abs(rest - one).mean(axis=(1, 2, 3))))


def block_averages(images: np.ndarray) -> np.ndarray:
    """What is compared of images, shape (n, 16, 16, 3); averages of averages are the same."""
    n, rows, cols, channels = images.shape
    parts = images.reshape(n, BLOCKS, rows // BLOCKS, BLOCKS, cols // BLOCKS, channels)
    return parts.mean(axis=(2, 4))
