"""Which pairs an arm learns from: a function of settings, core set, stream, draw and scores.

It draws no pixel. Stratification reads the generator's true factors, or the groups of a data set;
matching reads the factors (`matched`); the scored kinds read what another run's network has
scored (`scored_subsets`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from shipdash.config import ArmConfig, ConfigError
from shipdash.config.settings import SCORED
from shipdash.data import matched, scored_subsets
from shipdash.data.scene import Factors
from shipdash.data.seeded_random import SUBSET, generator
from shipdash.data.source import Source

STRATIFIED_FROM = 50_000
"""Most pairs whose factors are read for stratification (0.1 ms each); a random part of more."""


DRAWING = ("random", "stratified", "rejected", "matched", "el2n", "forgetting", "ccs", "kcentre")
"""Kinds that draw, in an order that never changes: the place is part of the key of their chance."""


def choose_pairs(arm: ArmConfig, core: list[int], order: np.ndarray, source: Source,
                 scores: Mapping[str, np.ndarray] | None = None) -> list[int]:
    """Pool numbers an arm learns from, each once.

    Parameters
    ----------
    arm : ArmConfig
        A control arm; `draw` is the seed of the kinds in `DRAWING`.
    core : list of int
        The source's core set in order of selection.
    order : int64 array, shape (n,)
        The source's stream: the pool without what the source left out.
    source : Source
        Asked for true factors where the kind is matched, for these or else for groups where it is
        stratified, else untouched.
    scores : mapping of str to array, optional
        For the kinds of `config.SCORED`, of every pair of the stream: `index` (its number), `el2n`,
        `features` (n, d), and `n_forgotten`, which is -1 for a pair that never passed.

    Returns
    -------
    list of int
        ``core``: the core set, or its first pairs. ``random``: a uniform draw from the stream,
        core pairs not excepted; a smaller draw of the same seed is a part of a larger one.
        ``first``: the beginning of the stream. ``stratified``: see `stratified` and, where nobody
        knows the factors, `stratified_by_group`. ``rejected``:
        a uniform draw from the pairs that selection threw away. ``matched``: of these, as many
        from every cell of the telling factors as the core set has (`matched`). ``el2n``,
        ``forgetting``, ``ccs``, ``kcentre``: see `scored_subsets`. ``full``: the stream.

    Raises
    ------
    ConfigError
        There are fewer such pairs than `arm` asks for, or what the kind reads is unknown.
    """
    k = arm.n_wanted(len(core), len(order))
    if arm.kind == "core":
        return list(core[:k])
    if arm.kind in ("first", "full"):
        return order[:k].tolist()
    if arm.kind == "stratified":
        return stratified(order, k, arm.draw, source)
    if arm.kind in SCORED:
        return _scored(arm, k, scores)
    candidates = order if arm.kind == "random" else order[~np.isin(order, core)]
    if arm.kind == "matched":
        return factor_matched(candidates, list(core[:k]), arm.draw, source)
    return _chance(arm.draw, arm.kind).permutation(candidates)[:k].tolist()


def factor_matched(candidates: np.ndarray, core: list[int], draw: int,
                   source: Source) -> list[int]:
    """As many random pairs as `core` has, with its joint histogram of the telling factors.

    Where the pool is large, the candidates are a random part of it.
    """
    chance = _chance(draw, "matched")
    candidates = chance.permutation(candidates)[:max(len(core), STRATIFIED_FROM)]
    _, table = matched.columns_of([source.factors(i) for i in (*core, *candidates.tolist())])
    ours, others = table[:len(core)], table[len(core):]
    found = matched.telling_factors(ours, others)
    rows = matched.matched(matched.cells(ours, found), matched.cells(others, found), chance)
    return candidates[rows].tolist()


def _scored(arm: ArmConfig, k: int, scores: Mapping[str, np.ndarray] | None) -> list[int]:
    if scores is None or (arm.kind == "forgetting" and "n_forgotten" not in scores):
        raise ConfigError("arm.scores", arm.scores, "must name a run that has scored the pool, and "
                          "for forgetting one that was trained on all of it")
    chance = _chance(arm.draw, arm.kind)
    if arm.kind == "kcentre":
        places = scored_subsets.k_centre(scores["features"], k, chance)
    elif arm.kind == "ccs":
        places = scored_subsets.coverage_centric(scores["el2n"], k, chance)
    elif arm.kind == "forgetting":
        forgotten = scored_subsets.never_learnt_first(scores["n_forgotten"])
        places = scored_subsets.hardest(forgotten, k, chance)
    else:
        places = scored_subsets.hardest(scores["el2n"], k, chance)
    return scores["index"][places].tolist()


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
    return generator(draw, SUBSET, DRAWING.index(kind))
