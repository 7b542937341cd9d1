"""The Certificate view: the bound that follows from a run's records, and the measured rates."""

from __future__ import annotations

import math

import pandas as pd
import streamlit as st

from shipdash import analysis, figures
from shipdash.counted import counted
from shipdash.ui import chart, frame, words
from shipdash.ui.evaluation import registered, repeated_runs

DELTA = 0.01
"""Probability with which the certificate may be wrong."""


def view(run: frame.Run) -> None:
    """Conditions, bound or reason, progressive validation, and the measured rate."""
    certificate = analysis.certificate_of(run, DELTA)
    recent = analysis.progressive(frame.events(run))
    if certificate.bound is None:
        n_crossed = sum(not c.holds for c in certificate.conditions)
        verb = "has" if n_crossed == 1 else "have"
        st.markdown(f"### No bound is shown: {n_crossed} of {len(certificate.conditions)} "
                    f"conditions {verb} not been shown to hold")
    else:
        st.markdown(f"### With probability {1 - certificate.delta:.0%}, at most "
                    f"{certificate.bound:.2%} of fresh pairs fail, if the last condition holds too")
        st.caption("This follows from the size of the core set alone. The two-sided bound of Campi "
                   f"and Garatti (JMLR 24, 2023) is {certificate.two_sided:.2%}.")
    _conditions(run, certificate)
    _measured(run, certificate, recent)
    registered.certificate(run)
    st.markdown(_explained(certificate))
    if run.config.planted.label_noise:
        st.warning("This pool has wrong masks, and the bound applies to pairs drawn in the same "
                   "way, wrong masks included. Held-out masks are always correct, so the measured "
                   "rate applies to another kind of pair and does not test the bound.")
    if run.config.selection.passes:  # what the second condition asks for, and its button
        repeated_runs.passes(run)


def _conditions(run: frame.Run, certificate) -> None:
    for c in certificate.conditions:
        icon = ":material/check:" if c.holds else ":material/close:"
        word = "holds" if c.holds else "not shown"
        st.markdown(f"{icon} **{c.name}** ({word}). {c.reason}")
    name, reason = certificate.not_checked
    st.markdown(f":material/help: **{name}** (not checked). {reason}{words.compared(run.config)}")


def _measured(run: frame.Run, certificate, recent) -> None:
    table = pd.DataFrame(_rows(run, certificate, recent),
                         columns=["what", "kind", "rate", "low", "high"])
    if table.empty:
        return
    held = run.result.held_out and run.result.held_out.share_failing
    title = "Nothing was measured on fresh pairs"
    if held is not None:
        title = f"Measured: {held:.2%} of fresh pairs fail"
        if certificate.bound is not None:
            title += f"; bound: at most {certificate.bound:.2%}"
    chart.show(figures.bounds(table, title), key="bounds",
               note="Dots: measured rates with 95% intervals (Wilson for the held-out pairs, "
                    "Clopper-Pearson for the stream). Vertical lines: upper bounds. "
                    f"{frame.provenance(run)}")


def _rows(run: frame.Run, certificate, recent) -> list[tuple]:
    rows, held = [], run.result.held_out
    if held:
        k, n = round(held.share_failing * held.n), held.n
        rows.append((f"held-out, {n:,} fresh pairs", "measured", k / n, *analysis.wilson(k, n)))
    if recent.n_tested:
        rows.append((f"the last {recent.n_tested:,} pairs of the stream", "measured",
                     recent.n_failed / recent.n_tested, recent.low, recent.high))
    if recent.n_clean:
        rows.append((f"{recent.n_clean:,} in a row passed (95%)", "bound", recent.bound, math.nan,
                     math.nan))
    if certificate.bound is not None:
        rows.append((f"certificate ({1 - certificate.delta:.0%})", "bound", certificate.bound,
                     math.nan, math.nan))
    return rows


def _explained(certificate) -> str:
    return ("**Certificate.** Under these conditions the core set of "
            f"{counted(certificate.n_kept, 'pair')} is a compression of the pool of "
            f"{counted(certificate.n_pool, 'pair')}. Its size alone then bounds the failure rate "
            f"with probability {1 - certificate.delta:.0%} over draws of the pool. This holds for "
            "one run chosen in advance, not for the best of several (Campi and Garatti, JMLR 24, "
            "2023; Paccagnan, Campi and Garatti, NeurIPS 2023). "
            "**Progressive validation.** Each pair is scored before the network is trained on it, "
            "so the failures among the last pairs estimate the failure rate at no extra cost "
            "(Blum, Kalai and Langford, COLT 1999). A stretch of the stream without a failure, "
            "tested by one unchanged network, bounds the failure rate.")
