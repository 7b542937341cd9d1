"""Frame of every page: title, links, the runs there are and the one in view. Draws no chart."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import streamlit as st
from PIL import Image

from shipdash import jobs
from shipdash.config import RUN_ID, ConfigError, RunConfig, preset, preset_of
from shipdash.records import Event, RunState
from shipdash.store import Store, StoreError

RECORDED = Path(__file__).parent.parent / "recorded"
"""A full-size run that came with the package: numbers only, read and never written."""

IDEA = """
A network that segments ships meets 10,000 training pairs, one after the other. What it already
gets right is thrown away; only a pair it **fails** joins the core set, and then it trains on the
core set alone. Every pair is drawn with fresh noise, so no image repeats. How many does it keep?
"""

MOST_GUESS = 10_000_000

PAGES = {
    "app.py": "Home",
    "pages/1_Generator.py": "Generator",
    "pages/2_Run.py": "Run",
    "pages/3_Samples.py": "Samples",
    "pages/4_Evaluation.py": "Evaluation",
    "pages/5_Threshold.py": "Threshold",
    "pages/6_Compare.py": "Compare",
}

STATES = {
    RunState.QUEUED: ":material/schedule:",
    RunState.RUNNING: ":material/play_arrow:",
    RunState.PAUSED: ":material/pause:",
    RunState.COMPLETED: ":material/check:",
    RunState.FAILED: ":material/error:",
    RunState.CANCELLED: ":material/cancel:",
    RunState.LOST: ":material/help:",
}

_STYLE = """<style>
.stMainBlockContainer { max-width: 1240px; padding-top: 3.4rem; padding-bottom: 5rem; }
.stAppHeader { background: transparent; pointer-events: none; }
.stAppHeader button, .stAppHeader a { pointer-events: auto; }
.stApp { font-variant-numeric: tabular-nums; }
[data-testid="stMetricValue"] { font-size: 1.55rem; font-weight: 600; }
[data-testid="stMetricLabel"] p { font-size: 0.85rem; opacity: 0.75; }
[class*="st-key-card_"] h4 { padding: 0.4rem 0 0; }
.st-key-links { margin-bottom: 0.8rem; }
[class*="st-key-sheet_"] img { max-width: 100%; height: auto; }
</style>"""


class Run(NamedTuple):
    """A run in view, from the runs folder or from the recorded one."""

    run_id: str
    state: RunState
    reason: str
    created: str
    config: RunConfig | None
    result: dict[str, Any] | None
    store: Store
    recorded: bool

    @property
    def name(self) -> str:
        """One line that tells runs apart."""
        if self.config is None:
            return f"{self.run_id} · unreadable"
        c, when = self.config, self.created[:16].replace("T", " ")
        n_core = f" · {self.result['n_core']:,} selected" if self.result else ""
        origin = "recorded · " if self.recorded else ""
        return (f"{origin}{preset_of(c)} · precision {c.selection.precision:g} · seeds "
                f"{c.seeds.pool}/{c.seeds.order}/{c.seeds.model} · {self.state}{n_core} · {when}")


def page(title: str, lead: str = "", *, heading: str = "") -> None:
    """Set up the page and draw its links, heading (else the title) and lead."""
    st.set_page_config(f"{title} · shipdash", page_icon=_icon(), layout="wide")
    st.html(_STYLE)
    here = {k: st.query_params[k] for k in ("run", "guess") if k in st.query_params}
    root = Path(__file__).parents[2]
    with st.container(horizontal=True, gap="medium", vertical_alignment="center", key="links"):
        for file, label in PAGES.items():
            if (root / file).exists():
                st.page_link(file, label=label, query_params=here)
    st.title(heading or title)
    if lead:
        st.markdown(lead)


def _icon() -> Image.Image:
    """One orange pixel of nine, drawn here: a named icon would be fetched from the internet."""
    icon = Image.new("RGB", (3, 3), "#cbd5e1")
    icon.putpixel((1, 1), (0xE8, 0x59, 0x0C))
    return icon.resize((48, 48), Image.Resampling.NEAREST)


def own_store() -> Store:
    """Runs of this machine: $SHIPDASH_RUNS, else ./runs."""
    return Store()


def runs() -> list[Run]:
    """Every run there is, newest first, the recorded ones last."""
    found = []
    for store, recorded in ((own_store(), False), (Store(root=RECORDED), True)):
        if recorded and not RECORDED.is_dir():
            continue
        try:
            listed = store.list()
        except (StoreError, OSError) as error:
            st.warning(f"The runs folder cannot be read: {error}")
            continue
        for r in listed:
            found.append(Run(r.run_id, r.state, r.reason, r.created, r.config, r.result, store,
                             recorded))
    return found


def find(run_id: str, among: list[Run]) -> Run | None:
    """The run of that id, this machine's before the recorded one."""
    return next((run for run in among if run.run_id == run_id), None)


def choose(among: list[Run], *, label: str = "Run", evaluated: bool = False) -> Run | None:
    """A box to choose the run in view; the URL carries it. None, and words, where there is none."""
    usable = [r for r in among if r.config and (r.result or not evaluated)]
    asked = st.query_params.get("run", "")
    if asked and not RUN_ID.fullmatch(asked):
        st.warning("The run in this link is not a run id (16 hexadecimal digits). Choose a run.")
    elif asked and find(asked, among) is None:
        st.warning(f"There is no run {asked} on this machine. Choose another, or start it on Run.")
    elif asked and find(asked, usable) is None:
        _unusable(find(asked, among))
    if not usable:
        empty("No run to show yet.", "Start one on the Run page.")
        return None
    ids = list(dict.fromkeys(r.run_id for r in usable))
    at = ids.index(asked) if asked in ids else 0
    names = {r.run_id: r.name for r in reversed(usable)}
    key = f"choose_{label}_{at}_{len(ids)}"
    picked = st.selectbox(label, ids, index=at, format_func=names.get, key=key)
    if picked != asked:
        st.query_params["run"] = picked
    return find(picked, usable)


def _unusable(run: Run) -> None:
    if run.config is None:
        st.error(f"Run {run.run_id} cannot be read: {run.reason} Choose another run.")
    else:
        st.info(f"Run {run.run_id} is {run.state}: it has no evaluation yet. See it on Run.")


def empty(what: str, do: str) -> None:
    """What is missing and what to do, in the page's calm voice."""
    with st.container(border=True):
        st.markdown(f"**{what}** {do}")


@st.cache_resource(max_entries=8, show_spinner=False)
def _log(root: str, run_id: str) -> dict[str, Any]:
    return {"events": [], "offset": 0, "state": None}


def events(run: Run, state: RunState | None = None) -> list[Event]:
    """All events so far; only what was appended since the last look is read from disk.

    A worker that resumes cuts the file back to its checkpoint: then everything is read again.
    """
    log, state = _log(str(run.store.root), run.run_id), state or run.state
    try:
        resumed = state == RunState.RUNNING != log["state"]
        if resumed or run.store.n_bytes(run.run_id) < log["offset"]:
            log.update(events=[], offset=0)
        try:
            fresh, offset = run.store.events(run.run_id, log["offset"])
        except StoreError:
            if not log["offset"]:
                raise
            log.update(events=[], offset=0)
            fresh, offset = run.store.events(run.run_id, 0)
    except (StoreError, OSError) as error:
        st.error(f"The events of run {run.run_id} cannot be read: {error}")
        return []
    log.update(events=[*log["events"], *fresh] if fresh else log["events"], offset=offset,
               state=state)
    return log["events"]


def seeds(config: RunConfig) -> str:
    """The three seeds in words."""
    s = config.seeds
    return f"seeds: pool {s.pool}, order {s.order}, model {s.model}"


def provenance(run: Run) -> str:
    """Where the numbers come from: seeds, device, date, version."""
    result = run.result or {}
    parts = [seeds(run.config), result.get("device"), result.get("machine"),
             str(result.get("date") or run.created)[:10],
             f"shipdash {result['version']}" if "version" in result else None]
    return " · ".join(str(part) for part in parts if part)


def command(config: RunConfig) -> str:
    """The command line that repeats a run."""
    base, spec, changes = preset_of(config), config.to_dict(), []
    name = "compact" if base == "custom" else base
    start = preset(name).to_dict()
    for section, values in spec.items():
        for key, value in values.items():
            if value != start[section][key]:
                text = ",".join(value) if isinstance(value, list) else str(value)
                text = text.lower() if isinstance(value, bool) else text
                changes.append(f"--set {section}.{key}={text}")
    return " ".join(["python -m shipdash run --preset", name, *changes])


def guess_box(n_pool: int = 10_000) -> int | None:
    """The viewer's own guess; it travels in the URL and is a line in every later curve."""
    st.number_input(
        f"How many of {n_pool:,} pairs are enough?", 1, MOST_GUESS, value=None, step=50,
        key="guess", bind="query-params", placeholder="your guess",
        width=280,
        help="Written down before looking; every curve shows it as a dotted line.",
    )
    return guess()


def guess() -> int | None:
    """The guess of the box or of the URL, None where there is none."""
    value = st.session_state.get("guess")
    if value is None:
        text = str(st.query_params.get("guess", ""))
        value = int(text) if text.isdecimal() and len(text) < 9 else None
    return value if value and 1 <= value <= MOST_GUESS else None


def device() -> dict[str, Any] | None:
    """What the probe process found; None while it has not answered."""
    try:
        return jobs.device_facts(own_store())
    except (StoreError, OSError, ConfigError):
        return None


def device_line() -> str:
    """The device in a few words."""
    facts = device()
    if not facts:
        return "Device: being looked up."
    return "Device: " + " · ".join(str(facts[k]) for k in ("device", "machine") if facts.get(k))


def duration(seconds: float | None) -> str:
    """Seconds as people say them; never more exact than it is."""
    if seconds is None:
        return "–"
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    if minutes < 90:
        return f"{minutes} min"
    hours = seconds / 3600
    return f"{hours:.0f} h" if hours < 36 else f"{hours / 24:.1f} days"
