"""Forms built from the settings' own metadata. Limits of widgets are a courtesy: config decides."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import Any

import streamlit as st

from shipdash import analysis, view_only
from shipdash.config import PRESETS, ConfigError, RunConfig, default_name, preset, setting
from shipdash.data import files
from shipdash.data.files import DataError
from shipdash.data.own_preset import own_config
from shipdash.runs import StoreError
from shipdash.ui import address, frame
from shipdash.ui.settings_in_address import Asked, names_of, read
from shipdash.ui.words import PRECISION, plain, refusal

WIDE = {"n_pool", "n_held_out", "max_steps", "pool", "order", "model", "learning_rate", "distinct"}
"""Ranges too wide for a slider: a box to type in."""

FRONT = ("selection.precision", "selection.acceptance", "selection.passes", "seeds.pool",
         "seeds.order", "seeds.model")
"""What the Run page shows before "everything else"."""


CAPTIONS = {"quick": "Quick look", "compact": "Compact", "article": "Article"}

ABOUT = {
    "quick": "2,000 pairs and a small network, for a first look; 64 × 64 px unless the scene "
             "is changed.",
    "compact": "128 × 128 px, 10,000 pairs and a small U-Net made for CPUs: the article's scene "
               "and pool with another training rule, live.",
    "article": "128 × 128 px, 10,000 pairs, the article's network with 5.1 million parameters and "
               "its training loop; meant for a GPU.",
}
ABOUT_DATA = ("Pairs of your own with the preset made for them: the compact network, trained "
              "without negatives (inverted images). A pair that cannot be learnt is set aside.")

SCENE = ("scene", "planted")
"""Sections that the generator draws by, together with the pool seed."""

FOLDED = (*SCENE, "network", "selection", "evaluation")

UNASKED = ("selection.parent",)
"""What no box asks for: it goes with a data set that `shipdash label go-on` makes."""


def scene_asked() -> Asked:
    """What the address asks for of a scene, on the article's distribution."""
    return read(RunConfig(), [*names_of(*SCENE), "seeds.pool"])


def scene_link(config: RunConfig) -> dict[str, str]:
    """Every range of a scene, what is planted in it and its pool seed, as an address holds them."""
    values = config.to_dict()
    split = (name.split(".") for name in [*names_of(*SCENE), "seeds.pool"])
    return {f"{part}.{name}": address.text_of(values[part][name]) for part, name in split}


def field(dotted: str, asked: Asked, *, prefix: str = "", slider: bool = False) -> None:
    """The box of one setting, keyed ``prefix.section.name``, and what is wrong with it if it is.

    It shows what the address says and writes what is chosen there.
    """
    spec, value = setting(dotted), asked.values[dotted]
    shown = ",".join(value) if isinstance(value, list | tuple) else value
    about = spec.metadata
    says_it = not about["unit"] or about["label"].endswith(about["unit"])
    box(spec, about["label"] + ("" if says_it else f" ({about['unit']})"), slider=slider,
        help=about["help"], **address.held(dotted, shown, asked.default(dotted),
                                           key=f"{prefix}.{dotted}" if prefix else dotted))
    if asked.error is not None and asked.error.field == dotted:
        st.error(refusal(asked.error))
    elif dotted in asked.refused:
        st.warning(f"The link has an invalid value. {refusal(asked.refused[dotted])}")


def box(spec: dataclasses.Field, label: str, *, slider: bool = False, **common: Any) -> Any:
    """The widget that fits a setting's type and range; what it holds."""
    about, kind = spec.metadata, type(spec.default)
    if kind is bool:
        return st.toggle(label, **common)
    if kind is tuple:
        return st.text_input(label, placeholder="run ids, separated by commas", **common)
    if about["choices"]:
        return st.selectbox(label, about["choices"], **common,
                            format_func=lambda choice: choice.replace("_", " "))
    if kind is str:
        return st.text_input(label, **common)
    number = st.slider if slider and spec.name not in WIDE else st.number_input
    limits = {"min_value": kind(about["low"]), "max_value": kind(about["high"])}
    limits |= {"step": kind(about["step"] or (1 if kind is int else 0.05))}
    return number(label, **limits, **({"format": "%.4g"} if kind is float else {}), **common)


def fields(names: Iterable[str], asked: Asked, *, prefix: str = "", columns: int = 3,
           slider: bool = False) -> None:
    """The boxes of several settings in columns."""
    cells = st.columns(columns, gap="medium")
    for i, dotted in enumerate(names):
        with cells[i % columns]:
            field(dotted, asked, prefix=prefix, slider=slider)


def run_form() -> tuple[RunConfig | None, str]:
    """Preset or data set, the settings in front, everything else folded: the run asked for, or
    None."""
    data = choose_data()
    name = data or choose_preset("Preset", key="preset")
    st.caption(f"{ABOUT_DATA if data else ABOUT[name]} {PRECISION}")
    asked = _run_asked()
    fields(FRONT, asked, prefix=f"run.{name}")
    with st.expander("More settings: network, selection, evaluation" if data else
                     "More settings: scene, network, selection, evaluation",
                     expanded=_unfolded(asked)):
        for part in _folded(data):
            st.markdown(f"**{part.capitalize()}**")
            fields((dotted for dotted in names_of(part) if dotted not in (*FRONT, *UNASKED)),
                   asked, prefix=f"run.{name}")
    _tell_asked(asked)
    return asked.config, name


def is_in_link() -> bool:
    """Whether the address is about a run that is still to be started: it names no run, or holds
    a form with other settings than those of the run it names."""
    run_id, config = st.query_params.get("run"), _run_asked().config
    return run_id is None or (address.holds_settings()
                              and (config is None or config.digest != run_id))


def _run_asked() -> Asked:
    """The form's run: from the data set of the address, else from its preset."""
    data = data_asked()
    start = own_config(data) if data else preset(_preset_asked("compact"))
    return read(start, dict.fromkeys([*FRONT, *names_of(*_folded(data))]))


def _folded(data: str) -> list[str]:
    """Sections of the form; a data set has no scene."""
    return [part for part in FOLDED if not (data and part == "scene")]


def data_asked() -> str:
    """The data set of the address; empty where it names none that is here with a pool."""
    name = st.query_params.get("data", "")
    try:
        own_config(name)
    except ConfigError:
        return ""
    return name


def choose_data() -> str:
    """The switch between drawn pairs and stored data sets, where there are any; the name chosen.

    A sample that is not stored is offered where the address asks for it.
    """
    name, asked = data_asked(), st.query_params.get("data", "")
    if asked and not name:
        st.warning(f"This link asks for pairs of the data set {plain(asked)}, which is not on this "
                   "machine or has no labelled pairs to select from. The form below uses "
                   "generated pairs instead.")
    stored = (manifest["name"] for manifest in files.stored()
              if manifest.get(files.LABELLED, True))
    names = list(dict.fromkeys(["", *stored, name]))
    if len(names) > 1:
        st.selectbox("Pairs", names, width=320, **address.held("data", name, ""),
                     format_func=lambda chosen: f"data set {chosen}" if chosen else
                     "drawn by the generator")
    return name


def _preset_asked(default: str) -> str:
    named = {caption: name for name, caption in CAPTIONS.items()}  # as older links have it
    text = st.query_params.get("preset", "")
    name = named.get(text, text)
    return name if name in PRESETS else default


def choose_preset(label: str, *, key: str, default: str = "compact") -> str:
    """The preset of the address, else `default`, and the switch that changes it there."""
    name = _preset_asked(default)
    st.segmented_control(label, PRESETS, format_func=CAPTIONS.get, required=True,
                         **address.held("preset", name, default, key=key))
    return name


def _unfolded(asked: Asked) -> bool:
    """Whether something is wrong among the folded settings; stays so while it is put right."""
    wrong = {*asked.refused, *([asked.error.field] if asked.error else [])} - set(FRONT)
    st.session_state["rest_unfolded"] = st.session_state.get("rest_unfolded", False) or bool(wrong)
    return st.session_state["rest_unfolded"]


def _tell_asked(asked: Asked) -> None:
    """What the run differs in from its preset, its scene to look at, and the way back."""
    if asked.config is None:
        label = setting(asked.error.field).metadata["label"]
        st.caption(f":material/error: Correct *{label}* above to start the run.")
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        st.caption(f"This run: {plain(default_name(asked.config))}", width="content")
        if asked.config.knows_factors:
            frame.link("pages/1_Generator.py", "See this scene", icon=":material/visibility:",
                       **scene_link(asked.config))
        else:
            frame.link("pages/7_Your_data.py", "See these pairs", icon=":material/visibility:",
                       data=asked.config.source.name)
        st.button("Reset to the preset", type="tertiary", key="reset_form",
                  on_click=address.reset, icon=":material/restart_alt:",
                  disabled=asked.config == asked.start)


def estimate(config: RunConfig, runs: list[frame.Run]) -> analysis.Estimate:
    """Expected time of a run, from what finished here."""
    done = [r for r in runs
            if r.config and r.result and not r.recorded and r.state == "completed"]
    return analysis.estimate(config, done)


def tell_estimate(config: RunConfig, runs: list[frame.Run], *, device: bool = True) -> None:
    """The estimate as a line, with the device unless the page names it elsewhere, or as a warning
    where it is a matter of hours; nothing where no run can be started."""
    if view_only.why_no_start():
        return
    expected, on = estimate(config, runs), f" {frame.device_line()}" if device else ""
    gpu = (frame.device() or {}).get("n_gpus")  # one may be called anything
    if expected.seconds is None:
        elsewhere = analysis.estimate(
            config, [r for r in runs if r.recorded and r.config and r.result]).seconds
        extra = (f" It would take about {frame.duration(elsewhere)} on the machine of the recorded "
                 "run." if elsewhere else "")
        st.caption(f"Time: not yet measured on this machine.{extra}{on}")
    elif expected.seconds > 3 * 3600 and not gpu:
        st.warning(f"About **{frame.duration(expected.seconds)}** on this CPU: {expected.source}. "
                   + ("Choose Compact for a live demonstration, or a smaller pool."
                      if config.network.kind == "article" else "Choose a smaller pool."))
    else:
        st.caption(f"About {frame.duration(expected.seconds)}: {expected.source}.{on}")


def attempt(action, *arguments) -> Any:
    """Do what a button asks; a refusal becomes one sentence on the page, and None."""
    try:
        return action(*arguments)
    except (ConfigError, DataError, StoreError) as error:
        st.error(plain(str(error)))
    except OSError as error:
        st.error(f"The runs folder cannot be written ({error.strerror or error}). Free space or "
                 "set SHIPDASH_RUNS to a folder you may write to, then try again.")
    return None
