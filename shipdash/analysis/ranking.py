"""Whether a ranking by doubt finds what fails: measured where the masks are known, beside chance.

Larger doubt comes first; ties come in the order given. No network and no picture is known here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd

from shipdash.acceptance import fails

RANKINGS = {"flips": "disagreement between flips",
            "seeds": "disagreement between seeds",
            "entropy": "entropy of the prediction",
            "distance": "feature distance to the core set",
            "random": "random order"}
"""The rankings by their name in stored scores and on the command line, with words for them."""

PREFERRED = ("seeds", "flips")
"""Rankings to follow where nobody chose one: the two that found most on the nuclei and on the scene
(docs/label-next.md). The first needs runs of other seeds, the second needs no run but its own."""

FIRST = 50
"""Images looked at in one sitting, at most: where a ranking is judged, see `in_one_sitting`."""

LEVEL = 0.95


class Trust(NamedTuple):
    """What one ranking finds among pairs whose masks are known; see `trust`."""

    ranking: str
    n: int  # pairs
    n_failing: int  # of them truly failing
    k: int  # looked at
    n_found: int  # truly failing among the first k
    expected: float  # of a random order
    low: int  # 95 % of random orders find at least so many and
    high: int  # at most so many
    p: float  # share of random orders that find as many or more
    auc: float  # chance that a failing pair comes before a passing one; NaN if all fail or none
    rho: float  # Spearman's rank correlation of doubt with 1 - IoU; NaN where either is constant

    @property
    def beats_chance(self) -> bool:
        """At 5 % for all rankings together (Bonferroni over those that are not random)."""
        return self.ranking != "random" and self.p * (len(RANKINGS) - 1) < 1 - LEVEL

    @property
    def could_beat_chance(self) -> bool:
        """Whether a ranking with all failing pairs in front would."""
        from scipy.stats import hypergeom

        best = hypergeom.sf(min(self.k, self.n_failing) - 1, self.n, self.n_failing, self.k)
        return bool(best * (len(RANKINGS) - 1) < 1 - LEVEL)


def order(doubt: np.ndarray) -> np.ndarray:
    """Places in the order in which to look: int64, shape (n,), most doubt first.

    >>> order(np.array([0.1, 0.7, 0.1])).tolist()
    [1, 0, 2]
    """
    return np.argsort(-np.asarray(doubt, float), kind="stable")


def found_curve(doubt: np.ndarray, failing: np.ndarray) -> np.ndarray:
    """Truly failing pairs found after looking at 0, 1, ..., n of them: int64, shape (n + 1,).

    >>> found_curve(np.array([0.1, 0.7, 0.2]), np.array([False, True, True])).tolist()
    [0, 1, 2, 2]
    """
    return np.concatenate([[0], np.cumsum(np.asarray(failing, bool)[order(doubt)])])


def random_band(n: int, n_failing: int) -> pd.DataFrame:
    """What a random order finds: looked_at (0 to n), expected, low and high (95 %).

    Exact, since k pairs drawn without replacement are hypergeometric.
    """
    from scipy.stats import hypergeom

    looked_at = np.arange(n + 1)
    tail = (1 - LEVEL) / 2
    low, high = (hypergeom.ppf(q, n, n_failing, looked_at) for q in (tail, 1 - tail))
    return pd.DataFrame({"looked_at": looked_at, "expected": looked_at * n_failing / max(n, 1),
                         "low": low.astype(int), "high": high.astype(int)})


def usual(stored: Iterable[str]) -> str:
    """The ranking that is followed where nobody chose one, of those that were computed.

    >>> usual(["flips", "seeds", "random"]), usual(["random", "flips"])
    ('seeds', 'flips')
    """
    return next(name for name in PREFERRED if name in set(stored))


def in_one_sitting(n: int) -> int:
    """How many of n pairs a ranking is judged by: `FIRST`, or a quarter where that is fewer.

    Among most of the pairs a random order finds most of what fails, and no ranking can do better.

    >>> in_one_sitting(2_000), in_one_sitting(60), in_one_sitting(2)
    (50, 15, 1)
    """
    return min(FIRST, max(n // 4, 1))


def found_table(scores: Mapping[str, np.ndarray], limit: float) -> pd.DataFrame:
    """`random_band` with a column of truly failing pairs found for each ranking in `scores`.

    See `trust` for what is given.
    """
    failing = fails(np.asarray(scores["iou"], float), limit)
    curves = {name: found_curve(np.asarray(scores[name], float), failing)
              for name in RANKINGS if name in scores}
    return random_band(len(failing), int(failing.sum())).assign(**curves)


def trust(scores: Mapping[str, np.ndarray], limit: float,
          k: int | None = None) -> list[Trust]:
    """How far each stored ranking can be trusted, the one that finds most over all k first.

    Parameters
    ----------
    scores : mapping of str -> array, shape (n,)
        Of pairs with known masks: ``iou`` and one array of doubt a ranking. Other names are
        left out.
    limit : float
        The IoU below which a pair truly fails.
    k : int, optional
        How many are looked at, all where there are fewer; by default `in_one_sitting`.
    """
    iou = np.asarray(scores["iou"], float)
    k = in_one_sitting(len(iou)) if k is None else k
    rows = [_trust(name, np.asarray(scores[name], float), iou, fails(iou, limit), k)
            for name in RANKINGS if name in scores]
    return sorted(rows, key=lambda row: -row.auc if row.auc == row.auc else 0.0)


def headline(rows: list[Trust]) -> str:
    """`finding` in the few words that a figure's title has."""
    best = _winner(rows)
    if best is not None:
        return (f"The first {best.k:,} by {RANKINGS[best.ranking]} include {best.n_found:,} of "
                f"{best.n_failing:,} failing pairs")
    if any(0 < row.n_failing < row.n for row in rows):
        return "No ranking is separated from chance"
    return ("Every held-out pair fails: any order finds them" if any(row.n_failing for row in rows)
            else "No held-out pair fails: there is nothing to find")


def _winner(rows: list[Trust]) -> Trust | None:
    """The ranking that beats chance and finds most among the first k."""
    winners = [row for row in rows if row.beats_chance]
    return max(winners, key=lambda row: (row.n_found, row.auc)) if winners else None


def finding(rows: list[Trust], by: str = "") -> str:
    """What a person should know before following a ranking, in a sentence or two.

    `by` is the ranking that is followed: where another one is the best, both are told.
    """
    first = next((row for row in rows if row.ranking != "random"), None)
    if first is None or not first.n:
        return "No held-out pair has a known mask, so no ranking has been checked."
    if not first.n_failing:
        return (f"None of {first.n:,} held-out pairs fails, so whether a ranking finds failures "
                "cannot be measured.")
    if first.n_failing == first.n:
        return (f"All of {first.n:,} held-out pairs fail, so whether a ranking finds failures "
                "cannot be measured.")
    best = _winner(rows)
    if best is None:
        start = f"{first.n_failing:,} of {first.n:,} held-out pairs " + (
            "fails" if first.n_failing == 1 else "fail")
        if not first.could_beat_chance:
            return (f"{start}, so that no ranking could be told from a random order among its "
                    f"first {first.k:,}.")
        return (f"{start}, and no ranking is separated from a random order among its first "
                f"{first.k:,}.")
    text = (f"Of {best.n:,} held-out pairs, the first {best.k:,} by {RANKINGS[best.ranking]} "
            f"include {best.n_found:,} of the {best.n_failing:,} that fail; a random order "
            f"includes {best.expected:.1f} ({best.low:,} to {best.high:,}).")
    asked = next((row for row in rows if row.ranking == by), best)
    if asked is best:
        return text
    return text + (f" The first {asked.k:,} by {RANKINGS[by]} include {asked.n_found:,}"
                   + (", which also beats chance." if asked.beats_chance else
                      ", which does not beat chance."))


def _trust(name: str, doubt: np.ndarray, iou: np.ndarray, failing: np.ndarray, k: int) -> Trust:
    from scipy.stats import hypergeom

    n, n_failing, k = len(iou), int(failing.sum()), min(k, len(iou))
    curve, tail = found_curve(doubt, failing), (1 - LEVEL) / 2
    low, high = (int(hypergeom.ppf(q, n, n_failing, k)) if n else 0 for q in (tail, 1 - tail))
    n_found = int(curve[k])
    p = float(hypergeom.sf(n_found - 1, n, n_failing, k)) if n else 1.0
    return Trust(name, n, n_failing, k, n_found, k * n_failing / max(n, 1), low, high, p,
                 _auc(doubt, failing), _rho(doubt, 1 - iou))


def _auc(doubt: np.ndarray, failing: np.ndarray) -> float:
    """Mann and Whitney's U of the failing over both sizes; ties count one half."""
    from scipy.stats import mannwhitneyu

    if not failing.any() or failing.all():
        return float("nan")
    found = mannwhitneyu(doubt[failing], doubt[~failing], method="asymptotic")
    return float(found.statistic / (failing.sum() * (~failing).sum()))


def _rho(doubt: np.ndarray, error: np.ndarray) -> float:
    from scipy.stats import spearmanr

    if len(doubt) < 2 or np.ptp(doubt) == 0 or np.ptp(error) == 0:
        return float("nan")
    return float(spearmanr(doubt, error).statistic)
