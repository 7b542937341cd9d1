"""Forms built from the settings' own metadata. Limits of widgets are a courtesy: config decides."""

from __future__ import annotations

import dataclasses
from typing import Any

import streamlit as st

from shipdash import analysis
from shipdash.config import PRESETS, SECTIONS, ConfigError, RunConfig, preset
from shipdash.runs import StoreError
from shipdash.ui import frame

WIDE = {"n_pool", "n_held_out", "max_steps", "pool", "order", "model", "learning_rate", "distinct"}
"""Ranges too wide for a slider: a box to type in."""

FRONT = ("selection.precision", "selection.acceptance", "selection.passes", "seeds.pool",
         "seeds.order", "seeds.model")
"""What the Run page shows before "everything else"."""


def field(dotted: str, value: Any, *, prefix: str = "", slider: bool = False,
          linked: bool = False) -> Any:
    """The widget that fits one setting, keyed ``prefix.section.name``; `linked` to the URL."""
    section, _, name = dotted.partition(".")
    spec = next(s for s in dataclasses.fields(SECTIONS[section]) if s.name == name)
    about, key = spec.metadata, f"{prefix}.{dotted}" if prefix else dotted
    label = about["label"] + (f" ({about['unit']})" if about["unit"] else "")
    common = {"key": key, "help": about["help"], "bind": frame.link(key) if linked else None}
    if isinstance(spec.default, bool):
        return st.toggle(label, value, **common)
    if isinstance(spec.default, tuple):
        text = st.text_input(label, ",".join(value), placeholder="run ids, comma between", **common)
        return tuple(part.strip() for part in text.split(",") if part.strip())
    if about["choices"]:
        at = about["choices"].index(value)
        return st.selectbox(label, about["choices"], at, **common,
                            format_func=lambda choice: choice.replace("_", " "))
    number = st.slider if slider and name not in WIDE else st.number_input
    kind = type(spec.default)
    limits = {"min_value": kind(about["low"]), "max_value": kind(about["high"])}
    limits |= {"step": kind(about["step"] or 1)} | ({"format": "%.4g"} if kind is float else {})
    return number(label, value=kind(value), **limits, **common)


def section(name: str, values: dict[str, Any], *, prefix: str = "", columns: int = 3,
            skip: tuple[str, ...] = (), slider: bool = False,
            linked: bool = False) -> dict[str, Any]:
    """All settings of one section in columns: dotted name -> value."""
    names = [s.name for s in dataclasses.fields(SECTIONS[name]) if f"{name}.{s.name}" not in skip]
    cells = st.columns(columns, gap="medium")
    out = {}
    for i, setting in enumerate(names):
        with cells[i % columns]:
            dotted = f"{name}.{setting}"
            out[dotted] = field(dotted, values[setting], prefix=prefix, slider=slider,
                                linked=linked)
    return out


def run_form() -> tuple[RunConfig | None, str]:
    """Preset, the settings in front, everything else folded: the run asked for, or None."""
    names = {"quick": "Quick look", "compact": "Compact", "article": "Article"}
    name = frame.switch("Preset", PRESETS, default="compact", format_func=names.get, key="preset")
    start = preset(name).to_dict()
    st.caption(_about(name))
    changes, columns = {}, st.columns(3, gap="medium")
    for i, dotted in enumerate(FRONT):
        part, _, key = dotted.partition(".")
        with columns[i % 3]:
            changes[dotted] = field(dotted, start[part][key], prefix=f"run.{name}")
    with st.expander("Scene, network, the rest of the selection, and evaluation"):
        for part in ("scene", "planted", "network", "selection", "evaluation"):
            st.markdown(f"**{part.capitalize()}**")
            changes |= section(part, start[part], prefix=f"run.{name}", skip=FRONT)
    try:
        return preset(name).replace(**changes), name
    except ConfigError as error:
        st.error(str(error))
        return None, name


def _about(name: str) -> str:
    return {
        "quick": "64 × 64 px, 2,000 pairs, small network: the first look.",
        "compact": "128 × 128 px, 10,000 pairs, a small U-Net made for CPUs: the article's whole "
                   "experiment, live.",
        "article": "128 × 128 px, 10,000 pairs, the article's network of 5.1 million parameters "
                   "and its loop: meant for a GPU.",
    }[name]


def estimate(config: RunConfig, runs: list[frame.Run]) -> analysis.Estimate:
    """Expected time of a run, from what finished here."""
    done = [r for r in runs
            if r.config and r.result and not r.recorded and r.state == "completed"]
    return analysis.estimate(config, done)


def tell_estimate(config: RunConfig, runs: list[frame.Run]) -> None:
    """The estimate as a line, or as a warning where it is a matter of hours."""
    expected = estimate(config, runs)
    gpu = "gpu" in str((frame.device() or {}).get("device", "")).lower()
    if expected.seconds is None:
        recorded = [r for r in runs if r.recorded and r.config and r.result]
        elsewhere = analysis.estimate(config, recorded)
        known = elsewhere.seconds and recorded
        extra = (f" The recorded run's machine would need about "
                 f"{frame.duration(elsewhere.seconds)}." if known else "")
        st.caption(f"Time: not yet measured on this machine.{extra} {frame.device_line()}")
    elif expected.seconds > 3 * 3600 and not gpu:
        st.warning(f"About **{frame.duration(expected.seconds)}** on this CPU: {expected.source}. "
                   "Choose Compact for a live demonstration, or a smaller pool.")
    else:
        st.caption(f"About {frame.duration(expected.seconds)}: {expected.source}. "
                   f"{frame.device_line()}")


def attempt(action, *arguments) -> Any:
    """Do what a button asks; a refusal becomes one sentence on the page, and None."""
    try:
        return action(*arguments)
    except (ConfigError, StoreError) as error:
        st.error(str(error))
    except OSError as error:
        st.error(f"The runs folder cannot be written ({error.strerror or error}). Free space or "
                 "set SHIPDASH_RUNS to a folder you may write to, then try again.")
    return None
