"""Tables and sentences of the pre-registered study, from its stored files alone.

It runs nothing, and gives no verdict before every planned pool is in: a test that is looked at
after each pool rejects too often.
"""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.child import ROOT
from benchmarks.registration import HYPOTHESES, PLACEBO, TAIL, TYPICAL, Plan
from shipdash.analysis import pools
from shipdash.studies import stored_ious

RECORDED = ROOT / "shipdash" / "recorded"
OLD, OLD_ELSEWHERE = "study-0.2.0", "study-0.2.0-elsewhere"
"""Recorded studies whose spread the power rests on: the plan was made with them."""

SHOWN = (0.5, 0.8, 0.9, 0.95, 0.96, 0.97, 0.98)

RANGE_OF_3 = 1.693
"""Expected range of three normal values in standard deviations (Tippett, Biometrika 17, 1925)."""


def report(folder: Path, asked: Plan) -> str:
    """The study as Markdown: how many pools are in, every table, and one sentence a hypothesis."""
    table = stored(folder, asked.seeds)
    n, n_planned = table["pool"].nunique() if len(table) else 0, len(asked.seeds)
    parts = [f"{n} of {n_planned} pools are in" + ("." if n == n_planned else
             f": verdicts are given when all {n_planned} are.")]
    if n:
        parts += [_provenance(table), "## Arms", _arms(table), "## Hypotheses",
                  _hypotheses(table, complete=n == n_planned), "## Share below an IoU",
                  _thresholds(table), "## Failing by the gap between the shapes",
                  _by_gap(folder, table, asked), *_certificate(folder)]
    return "\n\n".join(parts)


def stored(folder: Path, seeds: tuple[int, ...]) -> pd.DataFrame:
    """Rows of every complete pool: facts and measures, one an arm; empty where there is none."""
    parts = [pd.read_csv(path) for seed in seeds
             if (path := folder / f"pool-{seed}.csv").exists()]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


def power(alpha: float = pools.ALPHA, n: int = 10) -> str:
    """What ten pools can find, by the spread that the recorded studies show."""
    rows = []
    for measure, unit, scale in (("share_failing", "share below 0.90, %", 100),
                                  ("mean_iou", "mean IoU", 1)):
        sd, effects = spread(measure)
        first = alpha / len(HYPOTHESES)  # Holm's first and hardest step
        rows.append({
            "measure": unit, "SD of a difference": f"{scale * sd:.2g}",
            "found with 80 %": f"{scale * pools.detectable(sd, n, first):.2g}",
            "recorded core minus random": " and ".join(f"{scale * e:+.2g}" for e in effects),
            **{f"power at {words}the smaller": format(pools.paired_power(
                share * min(map(abs, effects)), sd, n, first), ".0%")
               for words, share in (("", 1), ("half of ", 0.5))}})
    return _markdown(pd.DataFrame(rows))


def spread(measure: str) -> tuple[float, list[float]]:
    """Standard deviation of core minus random over pools, one run each; the recorded differences.

    Runs: from the range of three, both arms, both recorded studies. Selections: from the five
    orders of the second, whose own runs are counted once more, to be on the safe side. What pools
    add is stored nowhere yet.
    """
    studies = [pd.read_csv(RECORDED / name / "arms.csv") for name in (OLD, OLD_ELSEWHERE)]
    variances, effects = {"Core set": [], "Random": []}, []
    for table in studies:
        rows = table[(table["stop"] == "equal updates") & (table["network"] == "same")]
        rows = rows.set_index("arm")
        for arm, found in variances.items():
            width = rows.loc[arm, f"{measure}_high"] - rows.loc[arm, f"{measure}_low"]
            found.append((width / RANGE_OF_3) ** 2)
        effects.append(float(rows.loc["Core set", measure] - rows.loc["Random", measure]))
    orders = pd.read_csv(RECORDED / OLD_ELSEWHERE / "across.csv")[f"{measure}_diff"]
    return math.sqrt(sum(map(np.mean, variances.values())) + orders.var(ddof=1)), effects


def _provenance(table: pd.DataFrame) -> str:
    made = table.groupby(["machine", "threads", "version", "tensorflow"])["pool"].unique()
    return "\n".join(
        f"- Pools {', '.join(map(str, which))}: {machine}, {threads} thread(s) a run, version "
        f"{version}, TensorFlow {tensorflow}" for (machine, threads, version, tensorflow), which
        in made.items())


def _arms(table: pd.DataFrame) -> str:
    found = pools.across_pools(table, [TAIL, TYPICAL, "mean_iou"])
    rows = [{"arm": row["arm"], "pools": row["n_pools"], "below 0.90": _percent(row, TAIL),
             "median IoU": _plain(row, TYPICAL), "mean IoU": _plain(row, "mean_iou")}
            for row in found.to_dict("records")]
    return _markdown(pd.DataFrame(rows)) + "\n\nIn brackets the 95 % interval of the mean over " \
        "pools (Student's t)."


def _hypotheses(table: pd.DataFrame, *, complete: bool) -> str:
    found = pools.hypothesis_table(table, HYPOTHESES)
    placebo = pools.hypothesis_table(table, [PLACEBO])
    sentences = [_sentence(row, h.measure, complete) for row, h in
                 zip(found.to_dict("records"), HYPOTHESES, strict=True)]
    row = placebo.iloc[0]
    sentences.append(f"- **Placebo** (both are random draws): difference "
                     f"{_percent(row, 'mean', 'low', 'high')}, p {_p(row['p_t'])}.")
    return "\n".join(sentences)


def _sentence(row: dict, measure: str, complete: bool) -> str:
    shown = _percent if measure == TAIL else _plain
    verdict = row["verdict"] if complete else "verdict pending"
    return (f"- **{row['name']}** {row['claim']}: {verdict}. Difference "
            f"{shown(row, 'mean', 'low', 'high')}; lower in {row['n_lower']} and higher in "
            f"{row['n_higher']} of {row['n']} pools; paired t test p {_p(row['p_t'])} "
            f"(Holm {_p(row['p_holm'])}), sign test p {_p(row['p_sign'])}.")


def _thresholds(table: pd.DataFrame) -> str:
    names = [pools.below(t) for t in SHOWN]
    means = table.groupby("arm", sort=False)[names].mean().reset_index()
    rows = [{"arm": row["arm"]} | {f"{t:.2f}": f"{row[pools.below(t)]:.2%}" for t in SHOWN}
            for row in means.to_dict("records")]
    return _markdown(pd.DataFrame(rows))


def _by_gap(folder: Path, table: pd.DataFrame, asked: Plan) -> str:
    limit = asked.base.selection.acceptance_iou
    ious = [stored_ious.read(folder / f"pool-{seed}.npz") for seed in table["pool"].unique()]
    if any(pool is None for pool in ious):
        return "The IoU of single pairs cannot be read."
    found = pools.failing_by_gap(ious, dict(zip(table["run_id"], table["arm"], strict=True)), limit)
    for arm in table["arm"].unique():
        found[arm] = [f"{share:.2%}" for share in found[arm]]
    return _markdown(found) + f"\n\nFailing: IoU below {limit:.2f}, both in half precision."


def _certificate(folder: Path) -> list[str]:
    path = folder / "certificate.csv"
    if not path.exists():
        return []
    row = pd.read_csv(path, keep_default_na=False, na_values={"bound": [""]}).iloc[0]
    said = (f"no bound, because this does not hold: {row['conditions_failed']}"
            if pd.isna(row["bound"]) else f"at most {row['bound']:.2%} of fresh pairs fail, with "
            f"probability {1 - row['delta']:.0%} over draws of the pool")
    return ["## The certificate of the run named beforehand",
            f"Pool {row['pool']}, run {row['run_id']}: {row['n_kept']:,} of {row['n_pool']:,} "
            f"pairs kept after {row['rounds']} passes; {said}. {row['share_failing']:.2%} of the "
            "held-out pairs fail."]


def _percent(row, name: str, low: str = "", high: str = "") -> str:
    return _ends(row, name, low, high, lambda x: f"{100 * x:.2f}") + " %"


def _plain(row, name: str, low: str = "", high: str = "") -> str:
    return _ends(row, name, low, high, lambda x: f"{x:.4f}")


def _ends(row, name, low, high, words) -> str:
    ends = row[low or f"{name}_low"], row[high or f"{name}_high"]
    if not all(map(math.isfinite, ends)):
        return words(row[name])
    return f"{words(row[name])} ({words(ends[0])} to {words(ends[1])})".replace("-", "−")


def _p(value: float) -> str:
    if not math.isfinite(value):
        return "none"
    return "below 0.001" if value < 0.001 else f"{value:.3f}"


def _markdown(table: pd.DataFrame) -> str:
    lines = [[*map(str, table.columns)], ["---"] * table.shape[1],
             *[[*map(str, row)] for row in table.itertuples(index=False)]]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
