"""The registered study in the words of a page: a claim, its difference over pools, and the verdict.

It computes nothing: the table was made of the stored pools by ``benchmarks.preregistered``. What is
claimed, and by which test, is in docs/preregistration.md.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from shipdash.analysis.difference import LEVEL, amount, interval_words, p_words

FILE = "registered.csv"
"""Its table among the recorded runs."""

CERTIFICATE_FILE = "registered-certificate.csv"
"""Beside it, the certificate of the run named beforehand, one row a condition."""

COLUMNS = ["name", "claim", "measure", "n", "mean", "low", "high", "n_lower", "n_higher", "p_t",
           "p_holm", "p_sign", "verdict", "machine", "version", "date"]
"""One row a hypothesis, the placebo last: it has no corrected p value."""


class Verdict(NamedTuple):
    """One hypothesis as it is printed."""

    claim: str
    difference: str
    test: str
    verdict: str


def verdicts(table: pd.DataFrame) -> list[Verdict]:
    """Every row of the table; a difference below zero speaks for the claim."""
    return [Verdict(_claim(row), difference(row.measure, row.mean, row.low, row.high), _test(row),
                    _verdict(row))
            for row in table.itertuples()]


def verdict_table(table: pd.DataFrame) -> str:
    """All of them as Markdown; no line ends within an interval."""
    rows = [("Claim", "Difference", "Test", "Verdict"), ("---",) * 4]
    for v in verdicts(table):
        at, bracket, interval = v.difference.partition("(")
        whole = at + bracket + interval.replace(" ", "\N{NO-BREAK SPACE}")
        rows.append((v.claim, whole, v.test, f"**{v.verdict}**"))
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def registered_finding(table: pd.DataFrame) -> str:
    """What the pools say of the first claim, that selection makes failures rarer."""
    first = table.iloc[0]
    said = {"supported": "fewer pairs fail after training on selected pairs than on as many "
                         "random pairs",
            "contradicted": "more pairs fail after training on selected pairs than on as many "
                            "random pairs"}
    words = said.get(first["verdict"], f"selected against random pairs: {first['verdict']}")
    return f"Over {first['n']} pools, {words}"


def limits_words(table: pd.DataFrame) -> str:
    """What the first claim leaves out: typical quality, and training on all pairs."""
    verdict = table.set_index("name")["verdict"]
    told = {"H2": "the median IoU (selected against random pairs)",
            "H7": "the failure rate after training on all pairs at the same whole cost"}
    said = ""
    if verdict.get("H2") == "supported":
        said += "The median IoU is lower. "
    if verdict.get("H7") == "contradicted":
        said += "Training on all pairs at the same whole cost leaves fewer pairs failing. "
    found = [words for name, words in told.items() if verdict.get(name) == "not separated"]
    return said + (f"Not separated: {'; '.join(found)}. " if found else "")


def first_difference(table: pd.DataFrame) -> str:
    """The first claim's difference with its interval and corrected p value."""
    first = table.iloc[0]
    return (f"{difference(first['measure'], first['mean'], first['low'], first['high'])}, "
            f"{p_words(first['p_holm'])}")


BESIDES = (
    "Two things were not registered. From IoU 0.95 on, as many random pairs with four times the "
    "updates, and all pairs at the same whole cost, leave fewer pairs below than the selected "
    "pairs with the usual updates do, and reach a higher median, in all ten pools. And a core set "
    "begins with eleven random pairs, sets by one-shot hardness or coverage with none, so that *in "
    "sequence* says how pairs were picked and not that sequence is the cause.")
"""What the verdicts leave out; a test counts the pools."""


def read_certificate(path: Path) -> pd.DataFrame:
    """One row a condition; NaN as bound where one does not hold."""
    return pd.read_csv(path, na_values={"bound": [""], "two_sided": [""]}, keep_default_na=False)


def certificate_words(row: pd.Series) -> str:
    """What was kept, the bound or that there is none, and what was measured."""
    said = ("no bound, because not every condition holds" if pd.isna(row["bound"]) else
            f"at most {row['bound']:.2%} of fresh pairs fail, with probability "
            f"{1 - row['delta']:.0%} over draws of the pool (two-sided: {row['two_sided']:.2%}), "
            "if the settings were chosen without this pool")
    return (f"{row['n_kept']:,} of {row['n_pool']:,} pairs kept in {row['rounds']} passes; {said}. "
            f"{row['share_failing']:.2%} of the held-out pairs fail.")


def _claim(row) -> str:
    """The placebo is outside the correction, and is called what it is."""
    placebo = pd.isna(row.p_holm) and not pd.isna(row.p_t)
    return f"Placebo: {row.claim[0].lower()}{row.claim[1:]}" if placebo else row.claim


def _verdict(row) -> str:
    """The sign test stands beside the t test, and what it does not bear out is said."""
    alone = row.verdict == "supported" and row.p_sign > LEVEL
    return f"{row.verdict}, but not by the sign test" if alone else row.verdict


def difference(measure: str, at: float, low: float, high: float) -> str:
    """With its interval, where there is one."""
    if not (math.isfinite(low) and math.isfinite(high)):
        return amount(at, measure, "+")
    return interval_words(at, low, high, measure)


def _test(row) -> str:
    if pd.isna(row.p_t):
        return "–"
    p = f"{p_words(row.p_t)}, not corrected" if pd.isna(row.p_holm) else p_words(row.p_holm)
    return f"{p}; lower in {row.n_lower} of {row.n} pools, sign test {p_words(row.p_sign)}"
