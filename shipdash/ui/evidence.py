"""Which tables a view shows: those of the run in view, else a study that came with the package.

Nothing is computed here: `collect` gathers, `analysis` makes the tables.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from shipdash.config import ConfigError, RunConfig
from shipdash.runs import StoreError
from shipdash.studies import collect
from shipdash.studies.collect import Evidence
from shipdash.ui import frame

STUDIES = "study*"
"""Folders of the recorded studies inside the package's recorded runs; by name, *study* first."""


def of(run: frame.Run, has: Callable[[Evidence], bool]) -> Evidence | None:
    """The run's own tables where `has` finds there what a view needs, else a recorded study's;
    None where none has it.

    A study of generated pairs says nothing about a data set, so it does not stand in for one.
    """
    own = gathered(run)
    if own is not None and has(own):
        return own
    return next((study for study in recorded() if has(study)
                 and (run.config.source.kind == "scene" or is_about(run, study))), None)


def shown(run: frame.Run, has: Callable[[Evidence], bool], part: str = "") -> Evidence | None:
    """As `of`, and the words of `tell_recorded` where it is a recorded study."""
    found = of(run, has)
    if found is not None and found.is_recorded:
        tell_recorded(run, found, part)
    return found


def gathered(run: frame.Run) -> Evidence | None:
    """All tables of the run in view; None, and a sentence, where a file cannot be read."""
    try:
        listed = frame.store_of(run).list()
        done = tuple(sorted((r.run_id, r.result.date) for r in listed if r.result))
        return _gathered(run.root, run.run_id, done, frame.store_of(run), listed)
    except (StoreError, ConfigError, OSError) as error:
        st.error(f"The evidence of run {run.run_id} cannot be read: {error}")
        return None


@st.cache_data(max_entries=16, show_spinner="Comparing the runs ...")
def _gathered(root: str, run_id: str, done: tuple, _store, _listed) -> Evidence:
    return collect.gather(_store, run_id, _listed)


def table(name: str, read: Callable[[Path], pd.DataFrame] = pd.read_csv) -> pd.DataFrame | None:
    """A table of its own among the recorded runs; None where it has not come with the package."""
    path = frame.RECORDED / name
    return _stored(str(path), path.stat().st_mtime, read) if path.exists() else None


def recorded() -> list[Evidence]:
    """The full-size studies that came with the package, each of one machine."""
    abouts = sorted(frame.RECORDED.glob(f"{STUDIES}/{collect.ABOUT}"))
    studies = (_stored(str(about.parent), about.stat().st_mtime, collect.read) for about in abouts)
    return [study for study in studies if study is not None]


@st.cache_data(max_entries=12, show_spinner=False)
def _stored(path: str, changed: float, _read: Callable[[Path], Any]) -> Any:
    return _read(Path(path))


def is_about(run: frame.Run, found: Evidence) -> bool:
    """Whether tables are of this run; a recorded study, if it has its settings and its very result.
    """
    date = run.result and run.result.date
    return not found.is_recorded or (
        run.recorded and (found.about["run_id"], found.about["date"]) == (run.run_id, date))


def tell_recorded(run: frame.Run, found: Evidence, part: str = "") -> None:
    """Say that a view, or a part of it, shows a recorded study, and of which run and machine."""
    about, seeds = found.about, found.about["spec"]["seeds"]
    whose = "not of the run chosen above, for which nothing has been computed yet"
    if is_about(run, found):
        whose = "of the run chosen above"
    elif about["run_id"] == run.run_id:
        whose = ("of the same settings on another machine. Another processor or number of threads "
                 "may round differently and then keeps different pairs")
    with st.container(border=True, key=f"recorded_{st.session_state.get('view', '')}{part}"):
        st.markdown(
            f"**Recorded study**, {whose}. {about.get('n_runs', '?')} of "
            f"{about.get('n_planned', '?')} planned runs around a selection of "
            f"{about['n_core']:,} of {about['n_pool']:,} pairs "
            f"({about['preset']} preset, seeds {seeds['pool']}/{seeds['order']}/{seeds['model']}), "
            f"on {about['machine']}, {about['device']}{_arms_elsewhere(about)}, "
            f"{str(about.get('written'))[:10]}, shipdash {about['version']}. To compute it again:")
        st.code(str(about.get("command", "python benchmarks/study.py")), language="bash",
                wrap_lines=True)


def _arms_elsewhere(about: dict) -> str:
    """Where the arms were trained, if not where the pairs were selected."""
    there = about.get("arm_machine") or about["machine"]
    return "" if there == about["machine"] else f" (its arms on {there})"


def provenance(run: frame.Run, found: Evidence) -> str:
    """Seeds, device and date of the selection that the tables are about."""
    if not found.is_recorded:
        return frame.provenance(run)
    about, seeds = found.about, RunConfig.from_stored(found.about["spec"])
    return f"Recorded · {frame.seeds(seeds)} · {about['device']} · {str(about['date'])[:10]}"
