"""Tables and sentences of the pre-registered study, from its stored files alone.

It runs nothing, and shows no test before every planned pool is in: one that is looked at after
each pool rejects too often. What a verdict means is said in the words of docs/preregistration.md.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from benchmarks import pools
from benchmarks.registration import (
    ARMS,
    EXPLAINED,
    HYPOTHESES,
    MEANING,
    PLACEBO,
    TAIL,
    TYPICAL,
    Plan,
    near,
    selection,
)
from shipdash.analysis import registered
from shipdash.analysis.certificate import NOT_CHECKED
from shipdash.analysis.difference import amount
from shipdash.analysis.share_below_iou import THRESHOLDS, crossing_words, crossings
from shipdash.runs import StoreError
from shipdash.studies import stored_ious

BEGIN, END = "<!-- report of the registered study -->", "<!-- end of the report -->"
"""Around the report in docs/results.md, and around what README.md has of it."""

CERTIFICATE = "## The certificate of the run named beforehand"

TESTS = ("Differences are means over pools, the first arm minus the second, with 95 % intervals "
         "that are not corrected for their number. Verdicts are those of the t tests at 5 % for "
         "all nine together (Holm); the power is that of Holm's first and hardest step.")


def report(folder: Path, asked: Plan, left_out: Sequence[int] = ()) -> str:
    """The study as Markdown: how many pools are in, and once all are, every table and verdict.

    Before that there is no test, interval or arm in it. The certificate is no test over pools, and
    is shown as soon as its pool is in.

    Parameters
    ----------
    folder : Path
        Of the stored pools.
    asked : Plan
        Its seeds are those that are not left out.
    left_out : sequence of int
        Pools that could not be computed.

    Raises
    ------
    StoreError
        A stored pool is of another plan (`check`).
    """
    table = stored(folder, asked.seeds)
    check(table, asked)
    n, n_planned = table["pool"].nunique() if len(table) else 0, len(asked.seeds)
    parts = [f"{n} of {n_planned} pools are in" + ("." if n == n_planned else
             f". There is no verdict before all {n_planned} are.")]
    if left_out:
        parts.append(f"Left out: {', '.join(map(str, left_out))}.")
    if n:
        parts.append(_provenance(table))
    if n == n_planned:
        parts += ["## Hypotheses", _hypotheses(table), "## Arms", _arms(table),
                  "## Failing by the gap between the shapes", _by_gap(folder, table, asked)]
    parts += _certificate(folder, asked)
    if n == n_planned:
        parts += ["## Share below every IoU", _thresholds(table)]
    return "\n\n".join(parts)


def for_the_page(table: pd.DataFrame, asked: Plan) -> pd.DataFrame:
    """Every hypothesis and the placebo as the Evaluation page reads them, and where from: columns
    of `shipdash.analysis.registered.COLUMNS`. Empty before all pools are in."""
    if not len(table) or table["pool"].nunique() < len(asked.seeds):
        return pd.DataFrame(columns=registered.COLUMNS)
    placebo = pools.hypothesis_table(table, [PLACEBO])
    rows = pd.concat([pools.hypothesis_table(table, HYPOTHESES), placebo.assign(
        p_holm=math.nan, verdict=_placebo_verdict(placebo["p_t"].iloc[0]))])
    facts = {name: " and ".join(dict.fromkeys(table[name].astype(str)))
             for name in ("machine", "version")}
    return rows.assign(measure=[h.measure for h in (*HYPOTHESES, PLACEBO)], **facts,
                       date=table["date"].max()[:10])[registered.COLUMNS]


def in_short(table: pd.DataFrame, asked: Plan) -> str:
    """Every verdict in one table, as on the page; before all pools are in, how many there are."""
    rows = for_the_page(table, asked)
    if not len(rows):
        n = table["pool"].nunique() if len(table) else 0
        return (f"{n} of {len(asked.seeds)} pools are in; there is no verdict before all of them "
                "are.")
    return f"{registered.registered_finding(rows)}:\n\n{registered.verdict_table(rows)}"


def with_section(document: str, said: str) -> str:
    """A document whose part between `BEGIN` and `END` is the report; ValueError without them."""
    before, begin, rest = document.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"the document must have {BEGIN} and {END}, in this order")
    return f"{before}{BEGIN}\n\n{said}\n\n{END}{after}"


def section(document: str) -> str:
    """The report as it stands in a document: `with_section` read backwards."""
    return document.partition(BEGIN)[2].partition(END)[0].strip()


def stored(folder: Path, seeds: tuple[int, ...]) -> pd.DataFrame:
    """Rows of every complete pool: facts and measures, one an arm; empty where there is none."""
    parts = [pd.read_csv(path) for seed in seeds
             if (path := folder / f"pool-{seed}.csv").exists()]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


def check(table: pd.DataFrame, asked: Plan) -> None:
    """Whether every stored pool is of this plan and this version of the algorithm.

    A run id stands for its settings and the algorithm, and the arms' runs name their selection's.

    Raises
    ------
    StoreError
        Another selection, or not one row of each arm.
    """
    for seed, part in table.groupby("pool") if len(table) else ():
        runs = dict(zip(part["arm"], part["run_id"], strict=True))
        chosen = selection(asked.base, seed).digest
        if runs.get("selection") != chosen:
            raise StoreError(f"pool {seed} has other settings or another algorithm: its selection "
                             f"is {runs.get('selection')}, and must be {chosen}. Compute it again")
        if [*part["arm"]] != ["selection", *ARMS, "scout"]:
            raise StoreError(f"pool {seed} must have one row of each arm. Received: "
                             f"{', '.join(part['arm'])}")


def _provenance(table: pd.DataFrame) -> str:
    made = table.groupby(["machine", "threads", "version", "tensorflow"], sort=False)["pool"]
    return "\n".join(
        f"- Pool{'s' * (len(which) > 1)} {', '.join(map(str, which))}: {machine}, {threads} "
        f"thread{'s' * (threads > 1)} a run, version {version}, TensorFlow {tensorflow}"
        for (machine, threads, version, tensorflow), which in made.unique().items())


def _arms(table: pd.DataFrame) -> str:
    found = pools.across_pools(table, [TAIL, TYPICAL, "mean_iou"])
    rows = [{"arm": row["arm"], "pools": row["n_pools"], "below 0.90": _percent(row, TAIL),
             "median IoU": _plain(row, TYPICAL), "mean IoU": _plain(row, "mean_iou")}
            for row in found.to_dict("records")]
    return markdown(pd.DataFrame(rows)) + "\n\nIn brackets the 95 % interval of the mean over " \
        "pools (Student's t)."


def _hypotheses(table: pd.DataFrame) -> str:
    found = pools.hypothesis_table(table, HYPOTHESES)
    placebo, = pools.hypothesis_table(table, [PLACEBO]).to_dict("records")
    rows = dict(zip(found["name"], found.to_dict("records"), strict=True))
    sentences = [_sentence(row, h.measure) + _meaning(row, rows)
                 for row, h in zip(rows.values(), HYPOTHESES, strict=True)]
    counts = found["verdict"].value_counts()
    counted = ", ".join(f"{n} {verdict}" for verdict, n in counts.items())
    return "\n".join([f"Of {len(found)} hypotheses: {counted}.", "", *sentences, _placebo(placebo),
                      "", TESTS])


def _sentence(row: Mapping, measure: str) -> str:
    """Verdict, difference and both tests, and what the registration asks to be said of them."""
    said = (f"- **{row['name']}** {row['claim']}: **{row['verdict']}**. {_difference(row, measure)}"
            f"; lower in {row['n_lower']} and higher in {row['n_higher']} of {row['n']} pools; "
            f"paired t test p {_p(row['p_t'])} (Holm {_p(row['p_holm'])}), sign test p "
            f"{_p(row['p_sign'])}.")
    if row["verdict"] == "supported" and row["p_sign"] > pools.ALPHA:
        said += " The sign test does not support it."
    if row["verdict"] == "not separated" and math.isfinite(row["detectable"]):
        said += (" With this spread a difference of "
                 f"{amount(row['detectable'], measure)} is found with 80 % power; a "
                 "smaller one may exist.")
    if row["verdict"] == "contradicted":
        said += " This refutes it."
    return said


def _meaning(row: Mapping, rows: Mapping[str, Mapping]) -> str:
    """What the registration says that this verdict means; empty where it says nothing."""
    meaning = MEANING.get((row["name"], row["verdict"]), "")
    if (row["name"], row["verdict"]) == ("H4", "not separated") and near(row["mean"],
                                                                       rows["H1"]["mean"]):
        meaning = f"`matched` is near `core`: {EXPLAINED}"
    return f" As registered: {meaning}." if meaning else ""


def _placebo_verdict(p: float) -> str:
    return "no verdict" if math.isnan(p) else "separated" if p < pools.ALPHA else "not separated"


def _placebo(row: Mapping) -> str:
    apart, verdict = row["p_t"] < pools.ALPHA, _placebo_verdict(row["p_t"])
    said = (f"- **Placebo** `first` against `random`, both random draws: **{verdict}**. "
            f"{_difference(row, TAIL)}; paired t test p {_p(row['p_t'])}, outside the correction.")
    return said + (" A p value below 0.05 has a chance of one in twenty; no verdict is changed by "
                   "it." if apart else "")


def _difference(row: Mapping, measure: str) -> str:
    return "Difference " + registered.difference(measure, row["mean"], row["low"], row["high"])


def _thresholds(table: pd.DataFrame) -> str:
    names = {pools.below(t): f"{t:.2f}" for t in THRESHOLDS}
    found = pools.across_pools(table, list(names)).set_index("arm")
    means = found[list(names)].rename(columns=names)
    crossed = crossings(means.loc["core"], means.loc["random"], THRESHOLDS)
    shown = means.T.map(lambda share: f"{100 * share:.2f}")
    for arm in ("core", "random"):
        shown[arm] = [_ends(found.loc[arm], name, f"{name}_low", f"{name}_high",
                            lambda share: f"{100 * share:.2f}") for name in names]
    return (f"{markdown(shown.reset_index(names='below IoU'))}\n\nIn percent, means over pools, of "
            "`core` and `random` with 95 % intervals (Student's t). Their curves "
            f"{crossing_words(crossed)}.")


def _by_gap(folder: Path, table: pd.DataFrame, asked: Plan) -> str:
    limit = asked.base.selection.acceptance_iou
    ious = [stored_ious.read(folder / f"pool-{seed}.npz") for seed in table["pool"].unique()]
    if any(pool is None for pool in ious):
        return "The IoU of single pairs cannot be read."
    found = pools.failing_by_gap(ious, dict(zip(table["run_id"], table["arm"], strict=True)), limit)
    for arm in table["arm"].unique():
        found[arm] = [f"{share:.2%}" for share in found[arm]]
    found["n"] = [f"{n:,}" for n in found["n"]]
    shown = found.rename(columns={"gap_px": "gap in pixels", "n": "held-out pairs"})
    return markdown(shown) + f"\n\nFailing: IoU below {limit:.2f}, both in half precision."


def _certificate(folder: Path, asked: Plan) -> list[str]:
    """The bound, or why there is none, and each of its conditions; nothing before it is in."""
    path = folder / "certificate.csv"
    if asked.certified not in asked.seeds:
        return [CERTIFICATE, f"Pool {asked.certified} is left out, so no run has one."]
    if not path.exists():
        return []
    rows = registered.read_certificate(path)
    row = rows.iloc[0]
    listed = [f"- {'Holds' if c.holds else '**Does not hold**'}: {c.condition}. {c.reason}"
              for c in rows.itertuples()]
    return [CERTIFICATE,
            f"Pool {row['pool']}, run {row['run_id']}, until a pass adds nothing: "
            + registered.certificate_words(row),
            "\n".join([*listed, f"- No program can check: {NOT_CHECKED[0]}. They are those that "
                       "were registered before it was run."])]


def _percent(row, name: str) -> str:
    return _ends(row, name, f"{name}_low", f"{name}_high", lambda x: f"{100 * x:.2f}") + " %"


def _plain(row, name: str) -> str:
    return _ends(row, name, f"{name}_low", f"{name}_high", lambda x: f"{x:.4f}")


def _ends(row, name: str, low: str, high: str, words) -> str:
    ends = row[low], row[high]
    if not all(map(math.isfinite, ends)):
        return words(row[name]).replace("-", "−")
    low = max(ends[0], 0.0)  # no measure here is below zero, whatever Student's t says
    return f"{words(row[name])} ({words(low)} to {words(ends[1])})".replace("-", "−")


def _p(value: float) -> str:
    if not math.isfinite(value):
        return "none"
    return "below 0.001" if value < 0.001 else f"{value:.3f}"


def markdown(table: pd.DataFrame) -> str:
    """A table as Markdown, its values as they are printed."""
    lines = [[*map(str, table.columns)], ["---"] * table.shape[1],
             *[[*map(str, row)] for row in table.itertuples(index=False)]]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
