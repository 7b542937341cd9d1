"""What the stored tables of the nuclei study say, as the text of docs/results.md.

    python -m benchmarks.nuclei_study_tables
    python -m benchmarks.nuclei_study_tables FOLDER

prints the paragraphs and tables to paste; a test finds each of them in the document. It computes
no run, and judges by the functions of the page *Your data*.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pandas as pd

from benchmarks.nuclei_study import OUT
from shipdash.analysis.arms import ARMS, AS_LEFT, EQUAL_COST, EQUAL_UPDATES
from shipdash.analysis.core_against_random import arm_row
from shipdash.analysis.difference import FEWEST_RUNS, paired
from shipdash.analysis.pairs_needed import labels_finding, needed_finding

CONTROLS = {
    (ARMS["selection"], AS_LEFT): "the network as selection left it",
    (ARMS["core"], EQUAL_UPDATES): "the selected pairs",
    (ARMS["random"], EQUAL_UPDATES): "random pairs",
    (ARMS["stratified"], EQUAL_UPDATES): "random pairs drawn by group",
    (ARMS["full"], EQUAL_UPDATES): "all pairs",
    (ARMS["full"], EQUAL_COST): "all pairs, at the selection's own cost",
}
"""Arms and how they ended, in the order and the words of the table."""

Cell = Callable[[float], str]


def blocks(folder: Path = OUT) -> list[str]:
    """Paragraphs and Markdown tables of what is complete, in the order of the document."""
    about = json.loads((folder / "about.json").read_text("utf-8"))
    runs, groups, arms, curve, fan, across = (
        _read(folder / f"{name}.csv")
        for name in ("runs", "groups", "arms", "curve", "fan", "across"))
    found = [asked(about, runs), finding(about, arms), controls(arms)]
    if len(fan) > 1:
        found += [orders(runs, fan, across)]
    if len(across) > 1:
        found += [over_orders(across)]
    labels = labels_finding(curve)
    if labels is not None:
        found += [f"**{labels.title}.** {labels.detail}", growing(curve)]
    return [*found, kinds(runs, groups)]


def asked(about: dict, runs: pd.DataFrame) -> str:
    """Pairs, size, machine, date and how far the study is."""
    first, side = _selection(runs), about["spec"]["source"]["rows"]
    dates = sorted({date[:10] for date in runs["date"]})
    when = " to ".join(dict.fromkeys((dates[0], dates[-1])))
    return (f"{first['n_pool']} pairs in the pool and {first['n_held_out']} held out, resized to "
            f"{side} x {side}; failing means IoU below {about['acceptance_iou']:.2f}. "
            f"{about['n_runs']} of {about['n_planned']} runs are complete, of one thread each, on "
            f"{' and '.join(sorted(set(runs['machine'])))}, {when}.")


def finding(about: dict, arms: pd.DataFrame) -> str:
    """What *What came out* says of the selection with these controls."""
    said = needed_finding(arms, about["n_core"], about["n_pool"])
    return f"**{said.title}.** {said.detail}"


def controls(arms: pd.DataFrame) -> str:
    """One row an arm: the mean of its runs, in brackets the lowest and the highest."""
    rows = []
    for (arm, stop), words in CONTROLS.items():
        row = arm_row(arms, arm, stop)
        if row is not None:
            rows.append([words, f"{row['n_pairs']:.0f}", f"{row['n_runs']:.0f}",
                         _ends(row, "mean_iou", _iou), _ends(row, "share_failing", _percent)])
    return _table(["trained on", "pairs", "runs", "held-out mean IoU", "failing, %"], rows)


def orders(runs: pd.DataFrame, fan: pd.DataFrame, across: pd.DataFrame) -> str:
    """One row an order of the stream: what was kept, and its core against random pairs."""
    n_aside = runs.set_index("run_id")["n_set_aside"]
    pairs = across.set_index("order_seed") if len(across) else across
    rows = []
    for row in fan.itertuples():
        known = row.order_seed in pairs.index
        rows.append([
            str(row.order_seed), str(row.n_core), str(n_aside[row.run_id]), _iou(row.mean_iou),
            *(_iou(pairs.loc[row.order_seed, name]) if known else "–"
              for name in ("mean_iou", "mean_iou_random")),
            f"{pairs.loc[row.order_seed, 'n_runs_core']:.0f}" if known else "–"])
    return _table(["order seed", "kept", "set aside", "IoU as selection left it", "IoU, selected",
                   "IoU, random", "runs of each"], rows)


def over_orders(across: pd.DataFrame) -> str:
    """Core against random pairs over the orders, by a paired t test."""
    n, found = len(across), paired(across["mean_iou_diff"])
    better = int((across["mean_iou_diff"] > 0).sum())
    said = (f"In {better} of {n} orders the selected pairs have the higher held-out mean IoU. The "
            f"mean difference is {_signed(found.at)}")
    if found.is_defined:
        verdict = "separated" if found.separated else "not separated"
        said += (f" (95 % interval {_signed(found.low)} to {_signed(found.high)}), {verdict} from "
                 f"zero (p = {found.p:.2g}, paired t test over orders, which share one pool)")
    return f"{said}."


def growing(curve: pd.DataFrame) -> str:
    """The learning curve of random pairs, up to all of them."""
    return _table(["random pairs", "runs", "held-out mean IoU", "failing, %"], [
        [f"{row['n_pairs']:.0f}", f"{row['n_runs']:.0f}", _ends(row, "mean_iou", _iou),
         _ends(row, "share_failing", _percent)] for _, row in curve.iterrows()])


def kinds(runs: pd.DataFrame, groups: pd.DataFrame) -> str:
    """Kept share and held-out scores by kind of picture, the best first."""
    first = _selection(runs)
    table = groups[groups["run_id"] == first["run_id"]].set_index("group")
    arms = {arm: runs[(runs["task"] == "controls") & (runs["arm"] == arm)]["run_id"]
            for arm in ("core", "random", "full")}
    means = {arm: groups[groups["run_id"].isin(ids)].groupby("group")["mean_iou"].mean()
             for arm, ids in arms.items() if len(ids) >= FEWEST_RUNS}
    rows = [[group, f"{row['kept']:.0f} of {row['n_pool']:.0f}", _iou(row["mean_iou"]),
             *(_iou(means[arm][group]) for arm in means), f"{row['n_held_out']:.0f}"]
            for group, row in table.sort_values("mean_iou", ascending=False).iterrows()]
    words = {"core": "IoU, selected", "random": "IoU, random", "full": "IoU, all"}
    return _table(["kind", "kept", "IoU as selection left it", *(words[arm] for arm in means),
                   "held-out pairs"], rows)


def _selection(runs: pd.DataFrame) -> pd.Series:
    return runs[(runs["arm"] == "selection") & (runs["order_seed"] == 1)].iloc[0]


def _read(path: Path) -> pd.DataFrame:
    """A stored table; one of which nothing is complete has no columns."""
    try:
        return pd.read_csv(path)
    except pd.errors.EmptyDataError:
        return pd.DataFrame()


def _iou(value: float) -> str:
    return f"{value:.3f}"


def _signed(value: float) -> str:
    return f"{value:+.3f}".replace("-", "−")


def _percent(share: float) -> str:
    return f"{100 * share:.1f}"


def _ends(row: pd.Series, name: str, cell: Cell) -> str:
    """A mean with its lowest and highest run, where there are several."""
    if row["n_runs"] == 1:
        return cell(row[name])
    return f"{cell(row[name])} ({cell(row[f'{name}_low'])} to {cell(row[f'{name}_high'])})"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


if __name__ == "__main__":
    print("\n\n".join(blocks(*map(Path, sys.argv[1:2]))))
