"""The arms side by side: what each reached on the same held-out pairs, against as many random ones.

Not the runs themselves: it sees settings, results and one IoU per pair, however they were stored.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from shipdash.acceptance import fails
from shipdash.analysis.bootstrap import interval, resampled_means
from shipdash.analysis.difference import summary
from shipdash.config import RunConfig
from shipdash.results import Result, StoredRun

STREAMING = "Streaming learner"

ARMS = {
    "selection": STREAMING, "core": "Core set", "random": "Random", "first": "First of the stream",
    "stratified": "Stratified random", "rejected": "Rejected", "full": "Full pool",
    "matched": "Factor-matched random", "el2n": "One-shot hardness (EL2N)", "ccs":
    "Coverage-centric (CCS)", "forgetting": "Most often forgotten", "kcentre": "k-centre greedy",
}
"""Names of the arms by `arm.kind`, in the order in which a page shows them."""

AS_LEFT, EQUAL_UPDATES, EQUAL_COST = "as selection left it", "equal updates", "equal cost"
UNTIL_SCORE, CONVERGED = "until the score passes", "to convergence"
SCORE_MISSED, STILL_FALLING = "score not reached at its limit", "loss still falling at its limit"
SAME = "same"

MORE = "more updates or cost"
VARIANTS = {EQUAL_UPDATES: (EQUAL_UPDATES, AS_LEFT), UNTIL_SCORE: (UNTIL_SCORE, SCORE_MISSED)}
"""Rules of training that are compared with each other; every other rule belongs to `MORE`. The
network as selection left it stands beside the arms at equal updates."""

TIMES = {EQUAL_UPDATES: 1, "4 times the updates": 4, "16 times the updates": 16}
"""Rules of training that are multiples of the equal updates."""

NEAR = 0.01  # a step count this near to the source's, relatively, was asked to equal it

KEYS = ["arm", "stop", "network", "n_pairs"]
"""What tells one arm from another; runs that agree in these are repeats."""


class ArmRun(NamedTuple):
    """A run beside its selection: its IoU on every held-out pair, and what it is called."""

    run: StoredRun
    iou: np.ndarray  # float, (n_held_out,), in the same order of pairs in every run
    arm: str
    stop: str
    network: str

    @property
    def n_pairs(self) -> int:
        """Pairs it learned from."""
        return self.run.result.n_core


def arm_run(run: StoredRun, source: StoredRun, iou: np.ndarray) -> ArmRun:
    """A finished run as an arm of `source`, which is its own first arm.

    `iou` is of the held-out pairs, shape (n_held_out,).
    """
    return ArmRun(run, np.asarray(iou, np.float64), ARMS[run.config.arm.kind],
                  stop_words(run, source.result),
                  network_words(run.config, source.config))


def stop_words(run: StoredRun, source: Result) -> str:
    """When the arm's training ended, in words: against the updates and the cost of its source."""
    arm = run.config.arm
    if arm.kind == "selection":
        return AS_LEFT
    if arm.stop != "steps":
        met, missed = {"score": (UNTIL_SCORE, SCORE_MISSED),
                       "plateau": (CONVERGED, STILL_FALLING)}[arm.stop]
        return missed if run.result.stalled else met
    if arm.protocol:
        return arm.protocol  # with the steps rule: the words of this page
    batch = run.config.network.batch  # of an older version, which did not name it
    for images, words in ((source.n_backward, EQUAL_UPDATES),
                          (source.n_backward + source.n_forward / 3, EQUAL_COST)):
        if abs(arm.n_steps * batch - images) <= max(NEAR * images, batch):
            return words
    return f"{arm.n_steps:,} steps"


def network_words(config: RunConfig, source: RunConfig) -> str:
    """``"same"``, or what is different about the network."""
    changes = {dotted.removeprefix("network."): value
               for dotted, value in config.changes_from(source).items()
               if dotted.startswith("network.")}
    if {"kind", "filters"} & set(changes):
        return f"{config.network.kind}, {config.network.filters} filters"
    return ", ".join(f"{name} {value:g}" if isinstance(value, (int, float)) else f"{name} {value}"
                     for name, value in changes.items()) or SAME


def arm_table(runs: Sequence[ArmRun], acceptance: float, n_core: int) -> pd.DataFrame:
    """One row per arm: means over its runs, their range, and the difference to random pairs.

    Parameters
    ----------
    runs : sequence of ArmRun
        On one set of held-out pairs. Random arms of another size than `n_core` belong to the
        random-k curve and are left out.
    acceptance : float
        IoU below which a pair fails.
    n_core : int
        Size of the core set: the k of random-k.

    Returns
    -------
    DataFrame
        `KEYS`, n_runs, n_backward (training images, mean over runs), n_sets (sets of pairs that
        the runs were trained on), then for each of mean_iou and share_failing: the mean over runs,
        `_low`, `_high` and `_sd` (range and spread, see `difference.summary`), `_diff` to
        random-k with the same stop and network where there is one (else with equal updates, same
        network), and `_diff_low`, `_diff_high`, the paired bootstrap 95 % interval over the
        held-out pairs. NaN where there is nothing to hold it against. `against` names the row it
        is compared with.
    """
    runs = [r for r in runs if r.arm != ARMS["random"] or r.n_pairs == n_core]
    if not runs:
        return pd.DataFrame(columns=[*KEYS, "n_runs"])
    ious = np.stack([r.iou for r in runs])
    measured = {"mean_iou": ious, "share_failing": fails(ious, acceptance)}
    drawn = {name: resampled_means(values) for name, values in measured.items()}
    groups = _groups(runs)
    rows = []
    for key, members in groups.items():
        images = np.mean([runs[i].run.result.n_backward for i in members])
        row = dict(zip(KEYS, key, strict=True)) | {"n_runs": len(members), "n_backward": images}
        baseline = _baseline(key, groups)
        for name, values in measured.items():
            row |= summary(values[members].mean(axis=1), [set_of(runs[i]) for i in members], name)
            row |= _difference(name, values, drawn[name], members, groups.get(baseline, []))
        against = f"{baseline[0]}, {baseline[1]}" if baseline in groups else "–"
        rows.append(row | {"against": against})
    return pd.DataFrame(rows)


def set_of(run: ArmRun) -> tuple[str, int]:
    """What tells the sets of an arm apart: the selection it belongs to, and the draw."""
    return run.run.config.arm.source, run.run.config.arm.draw


def _groups(runs: Sequence[ArmRun]) -> dict[tuple, list[int]]:
    """Rows of each arm, the arms in the order of `ARMS`, equal updates before other stops."""
    stops = [AS_LEFT, *TIMES, EQUAL_COST, UNTIL_SCORE, SCORE_MISSED, CONVERGED, STILL_FALLING]
    names = list(ARMS.values())
    found: dict[tuple, list[int]] = {}
    for i, r in enumerate(runs):
        found.setdefault((r.arm, r.stop, r.network, r.n_pairs), []).append(i)

    def place(key: tuple) -> tuple:
        arm, stop, network, n_pairs = key
        at = stops.index(stop) if stop in stops else len(stops)
        by_score = stop in (UNTIL_SCORE, SCORE_MISSED)
        return network != SAME, network, by_score, names.index(arm), at, stop, n_pairs

    return dict(sorted(found.items(), key=lambda item: place(item[0])))


def _baseline(key: tuple, groups: Mapping[tuple, Any]) -> tuple | None:
    """The random arm that a row is compared with, None for that arm itself."""
    arm, stop, network, _ = key
    random = {k[1]: k for k in groups if k[0] == ARMS["random"] and k[2] == network}
    return None if arm == ARMS["random"] else random.get(stop, random.get(EQUAL_UPDATES))


def _difference(name: str, values, drawn, members: list[int], baselines: list[int]) -> dict:
    if not baselines:
        return {f"{name}_diff{end}": np.nan for end in ("", "_low", "_high")}
    differences = drawn[:, members].mean(axis=1) - drawn[:, baselines].mean(axis=1)
    low, high = interval(differences)
    return {f"{name}_diff": values[members].mean() - values[baselines].mean(),
            f"{name}_diff_low": low, f"{name}_diff_high": high}


def arm_label(row: Mapping[str, Any]) -> str:
    """An arm in few words: its name and, unless it is equal updates, when its training ended."""
    stop = "" if row["stop"] in (EQUAL_UPDATES, AS_LEFT) else f", {row['stop']}"
    return f"{row['arm']}{stop}" + ("" if row["network"] == SAME else f" ({row['network']})")


def of_variant(table: pd.DataFrame, network: str, variant: str) -> pd.DataFrame:
    """Rows of one network that trained by the rules of a variant, a key of `VARIANTS` or `MORE`."""
    others = [stop for stops in VARIANTS.values() for stop in stops]
    listed = table["stop"].isin(VARIANTS.get(variant, others))
    return table[(table["network"] == network) & (listed == (variant in VARIANTS))]


def rows_of(table: pd.DataFrame, arm: str, stop: str = EQUAL_UPDATES,
            network: str = SAME) -> pd.DataFrame:
    """Rows of one arm, by its name, in a table with `KEYS`; none in an empty table."""
    if table.empty:
        return table
    return table[(table["arm"] == arm) & (table["stop"] == stop) & (table["network"] == network)]


def arms_shown(table: pd.DataFrame) -> pd.DataFrame:
    """`arm_table` in words for the screen: a mean with the range of its runs, a difference with
    its interval over pairs."""
    rows = []
    for row in table.to_dict("records"):
        shown = {"arm": arm_label(row), "pairs": int(row["n_pairs"]), "runs": int(row["n_runs"])}
        for name, words, digits in (("share_failing", "failure rate", ".2%"),
                                    ("mean_iou", "mean IoU", ".4f")):
            shown[words] = with_ends(row, name, digits, spread=row["n_runs"] > 1)
        for name, words, digits in (("share_failing", "failure rate minus random", "+.2%"),
                                    ("mean_iou", "mean IoU minus random", "+.4f")):
            shown[words] = with_ends(row, f"{name}_diff", digits)
        rows.append(shown)
    return pd.DataFrame(rows)


def with_ends(row: Mapping[str, Any], name: str, digits: str, *, spread: bool = True) -> str:
    """A number of a row with its `_low` and `_high` behind it, alone without `spread`."""
    if pd.isna(row[name]):
        return "–"
    at, low, high = (format(row[f"{name}{end}"], digits).replace("-", "−")
                     for end in ("", "_low", "_high"))
    return f"{at} ({low.rstrip('%')} to {high.rstrip('%')})" if spread else at
