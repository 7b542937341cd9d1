"""Which pairs an arm learns from: a function of settings, core set, stream and draw alone.

It draws no pixel and looks at no prediction; stratification reads the generator's true factors, or
the groups of a data set.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from shipdash.config import ArmConfig, ConfigError
from shipdash.data.chance import SUBSET, generator
from shipdash.data.scene import Factors
from shipdash.data.source import Source

STRATIFIED_FROM = 50_000
"""Most pairs whose factors are read for stratification (0.1 ms each); a random part of more."""


def choose_pairs(arm: ArmConfig, core: list[int], order: np.ndarray,
                 source: Source) -> list[int]:
    """Pool numbers an arm learns from, each once.

    Parameters
    ----------
    arm : ArmConfig
        A control arm; `draw` is the seed of the kinds that draw: random, stratified, rejected.
    core : list of int
        The source's core set in order of selection.
    order : int64 array, shape (n,)
        The source's stream: the pool without what the source left out.
    source : Source
        Asked for true factors, or else for groups, where the kind is stratified, else untouched.

    Returns
    -------
    list of int
        ``core``: the core set, or its first pairs. ``random``: a uniform draw from the stream,
        core pairs not excepted; a smaller draw of the same seed is a part of a larger one.
        ``first``: the beginning of the stream. ``stratified``: see `stratified` and, where nobody
        knows the factors, `stratified_by_group`. ``rejected``:
        a uniform draw from the pairs that selection threw away. ``full``: the stream.

    Raises
    ------
    ConfigError
        There are fewer such pairs than `arm` asks for.
    """
    k = arm.n_wanted(len(core), len(order))
    if arm.kind == "core":
        return list(core[:k])
    if arm.kind in ("first", "full"):
        return order[:k].tolist()
    if arm.kind == "stratified":
        return stratified(order, k, arm.draw, source)
    candidates = order if arm.kind == "random" else order[~np.isin(order, core)]
    return _chance(arm.draw, arm.kind).permutation(candidates)[:k].tolist()


def stratified(order: np.ndarray, k: int, draw: int, source: Source) -> list[int]:
    """One random pair from each of `k` strata of equal size.

    Proportional allocation with one unit a stratum (Neyman, J. R. Stat. Soc., 1934); the strata
    are the cells of a k-d tree (Bentley, Commun. ACM, 1975) over polarity, size of the target,
    distance to the distractor and angle. Polarity has two values and is cut first and once.
    """
    chance = _chance(draw, "stratified")
    candidates = chance.permutation(order)[: max(k, STRATIFIED_FROM)]
    factors = [source.factors(i) for i in candidates.tolist()]
    if None in factors:
        return stratified_by_group(candidates, k, [source.group(i) for i in candidates.tolist()])
    columns = factor_columns(factors)
    cells = _cells(np.arange(len(candidates)), k, columns, 0)
    picked = [candidates[cell[chance.integers(len(cell))]] for cell in cells]
    return chance.permutation(picked).tolist()


def stratified_by_group(candidates: np.ndarray, k: int, groups: Sequence[str]) -> list[int]:
    """The first pairs of each group, as many as its share of the pairs is of `k`.

    Proportional allocation: each group gets the whole part of its quota, and the largest remainders
    the pairs that are left (Hamilton's method); of two equal remainders the earlier group.

    Parameters
    ----------
    candidates : int64 array, shape (n,)
        In random order.
    k : int
        At most n.
    groups : sequence of str, length n
        Pairs of an empty group are a group too.

    Raises
    ------
    ConfigError
        No pair has a group.

    Examples
    --------
    >>> stratified_by_group(np.array([4, 0, 3, 1, 2]), 3, ["sea", "sea", "land", "sea", "sea"])
    [4, 0, 3]
    """
    names = sorted(set(groups))
    if names in ([], [""]):
        raise ConfigError("arm.kind", "stratified", "must be another arm: strata are made of true "
                          "factors, which only the generator knows, or of groups, and this data "
                          "set has none")
    members = {name: [i for i, group in zip(candidates.tolist(), groups, strict=True)
                      if group == name] for name in names}
    quota = {name: k * len(members[name]) / len(candidates) for name in names}
    taken = {name: int(quota[name]) for name in names}
    by_remainder = sorted(names, key=lambda name: taken[name] - quota[name])
    for name in by_remainder[:k - sum(taken.values())]:
        taken[name] += 1
    chosen = {i for name in names for i in members[name][:taken[name]]}
    return [i for i in candidates.tolist() if i in chosen]


def factor_columns(factors: list[Factors]) -> np.ndarray:
    """What stratification looks at: float64, shape (n pairs, 4), one factor a column.

    The angle is taken modulo 180 degrees: an ellipse turned by half a turn is itself. Without a
    distractor there is no distance, and its column is constant.
    """
    rows = [(f.high_sea, f.target_area_px, 0.0 if math.isnan(f.distance_px) else f.distance_px,
             f.angle_deg % 180) for f in factors]
    return np.array(rows, np.float64).reshape(-1, 4)


def _cells(members: np.ndarray, k: int, columns: np.ndarray, depth: int) -> list[np.ndarray]:
    """Cut `members` into `k` cells of equal size (to one pair), along one factor after another.

    Ties fall as the members stand, and these come in random order.
    """
    if k <= 1:
        return [members] * k
    column = 0 if depth == 0 else 1 + (depth - 1) % (columns.shape[1] - 1)
    members = members[np.argsort(columns[members, column], kind="stable")]
    cut = round(len(members) * (k // 2) / k)
    return [*_cells(members[:cut], k // 2, columns, depth + 1),
            *_cells(members[cut:], k - k // 2, columns, depth + 1)]


def _chance(draw: int, kind: str) -> np.random.Generator:
    """Independent for every kind and draw; of pool, order and model seeds too."""
    return generator(draw, SUBSET, ("random", "stratified", "rejected").index(kind))
