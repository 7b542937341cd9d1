"""The Controls view: compute the arms of a run, watch them, and see them side by side."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from shipdash import analysis, figures
from shipdash.analysis.arms import CONVERGED
from shipdash.config import RunConfig
from shipdash.counted import counted
from shipdash.records import RunState
from shipdash.studies import arms
from shipdash.studies.folder import Standing
from shipdash.studies.study import Study
from shipdash.ui import chart, evidence, forms, frame, studies, tables
from shipdash.ui.evaluation import (
    at_a_glance,
    better_than_random,
    by_factor,
    registered,
    share_below_iou,
)

BUNDLES = {
    "Core, random, full pool": {"names": ("core", "random", "full"), "stops": ("steps",)},
    "First, stratified, rejected": {
        "names": ("first", "stratified", "rejected"), "stops": ("steps",)},
    "Matched factors, one-shot scores": {
        "names": ("matched", "el2n", "ccs", "kcentre"), "stops": ("steps",)},
    "Each until its score passes": {
        "names": ("core", "random", "first", "stratified", "rejected", "full"),
        "stops": ("score",)},
    "Random-k curve": {"names": ("curve",)},
    "Full pool: equal cost, converged": {"names": ("full-cost", "full-converged")},
    "Other network": {"names": ("other", "other-random")},
    "4 and 16 times the updates": {"names": arms.BUDGET},
    "Most often forgotten": {"names": ("forgetting",), "stops": ("steps",)},
}
"""What can be started with one click, the cheapest first."""

ENDS = {"steps": "after its steps", "score": analysis.UNTIL_SCORE, "plateau": CONVERGED}

OTHER = "other network"
VARIANTS = (analysis.EQUAL_UPDATES, analysis.UNTIL_SCORE, analysis.MORE, OTHER)


def view(run: frame.Run) -> None:
    """The evidence on one screen and its details in folds; then what is missing.

    Tables that are not of the run in view are in a fold of their own.
    """
    found = evidence.of(run, lambda e: len(e.arms) > 1)
    registered.in_a_line(run)
    is_own = found is not None and evidence.is_about(run, found)
    # Dots that people watch stay where they are.
    is_complete = is_own and not better_than_random.is_under_way(run)
    of_all = share_below_iou.tables_of(found) if is_own else None
    if is_complete:
        at_a_glance.panel(run, found, of_all and of_all.medians)
    else:
        better_than_random.panel(run)
    registered.panel(run)
    if is_complete and not run.recorded:
        with st.expander("The runs one by one: is it better than random?", expanded=True):
            better_than_random.panel(run)
    if is_own:
        _details(run, found, of_all)
    else:
        _of_another(run, found)
    st.divider()
    queue_box(run)


def _of_another(run: frame.Run, found) -> None:
    """A recorded study of another run, folded; without one, what to start."""
    if found is None:
        frame.empty("No controls have been computed for this run.",
                    "Whether the selected pairs are better than others is unknown until networks "
                    "trained on as many random pairs have been scored on the same held-out pairs."
                    + ("" if studies.why_no_controls(run) else " Start the controls below."))
        _across(run)
        return
    with st.expander("A recorded study of another run, for comparison",
                     icon=":material/history:"):
        _details(run, found, share_below_iou.tables_of(found))


def _details(run: frame.Run, found, of_all: share_below_iou.Tables | None) -> None:
    """One fold a question, all of one variant of the arms; which study it is stands before what
    is of another run, and after what is of this one."""
    is_own = evidence.is_about(run, found)
    if not is_own:
        evidence.tell_recorded(run, found)
    variant = frame.switch("Arms", VARIANTS, default=analysis.EQUAL_UPDATES, key="arms")
    table = (found.arms[found.arms["network"] != analysis.SAME] if variant == OTHER else
             analysis.of_variant(found.arms, analysis.SAME, variant))
    where = evidence.provenance(run, found)
    if table.empty:
        frame.empty("None of these arms has been run.",
                    "" if studies.why_no_controls(run) else "Start them below.")
    else:
        stop = analysis.EQUAL_UPDATES if variant == OTHER else variant
        network = table["network"].unique()[0]
        with st.expander("All arms side by side, and what was tested"):
            _arms(found, table, stop, network, where)
        with st.expander("Tail and typical quality at every IoU threshold"):
            share_below_iou.panel(found, of_all, network, stop, where)
        if found.ious is not None and by_factor.with_factors(found) is not None:
            with st.expander("Failing pairs by a true factor"):
                by_factor.panel(found, network, stop, where)
    if not found.worth.empty:
        with st.expander("How many random pairs the core set is worth"):
            _curve(found)
    if not analysis.budget_table(found.arms).empty:
        with st.expander("More updates"):
            _budget(found, where)
    if evidence.of(run, lambda e: len(e.across) > 1) is not None:
        with st.expander("Core set against random pairs in several orders"):
            _across(run)
    if found.is_recorded and is_own:
        evidence.tell_recorded(run, found)


def _arms(found, table: pd.DataFrame, stop: str, network: str, where: str) -> None:
    said = analysis.arms_finding(found.arms, stop, network)
    if said:
        st.markdown(f"#### {said.title}\n{said.detail}")
    _figure(table, found.about, where)
    st.dataframe(analysis.arms_shown(table), hide_index=True, placeholder="–", key="arms_table",
                 column_config={"pairs": st.column_config.NumberColumn(format="localized")},
                 alt=f"Arms, their runs and their scores. {analysis.arms_title(table)}.")
    st.caption("In parentheses: after a mean, the lowest and the highest run; after a difference, "
               "the 95% interval over pairs, which does not cover the variation between draws and "
               "seeds. Each run has its own model seed and, where pairs are drawn at random, its "
               "own draw.")
    rivals = analysis.rival_tests(found.arms, stop, network)
    if len(rivals):
        st.markdown(tables.words(("Compared", "Failure rate", "Mean IoU"),
                                 rivals.itertuples(index=False)))
        st.caption("Each difference with its 95% interval and the p value of a t test, not "
                   "corrected for their number. The core set is one set and counts as one "
                   "observation beside the sets of the other arm, so only a large difference is "
                   "separated. Claims about these arms over ten pools are tested above, for the "
                   "settings that have them.")


def _figure(table: pd.DataFrame, about: dict, where: str) -> None:
    shown = frame.switch("Figure", ["side by side", "minus random pairs"], key="figure",
                         label_visibility="collapsed")
    if shown == "side by side":
        chart.show(figures.arms(table, analysis.arms_title(table)), key="arms_means",
                   note="Mark: mean of the runs. Bar: lowest to highest run. "
                        f"{about['n_held_out']:,} held-out pairs; a pair fails below IoU "
                        f"{about['acceptance_iou']:.2f}. {where}")
    else:
        chart.show(figures.differences(table, analysis.differences_title(table)),
                   key="arms_differences",
                   note="Bar: 95% interval from a paired bootstrap over the held-out pairs (2,000 "
                        "resamples). The variation between seeds and between draws is not "
                        "included, so a bar that does not reach zero separates nothing by itself. "
                        f"{where}")


def _curve(found) -> None:
    core = analysis.arm_row(found.arms, analysis.ARMS["core"], analysis.EQUAL_UPDATES)
    cells = st.columns(2, gap="large")
    for cell, measure in zip(cells, ("share_failing", "mean_iou"), strict=True):
        row = found.worth[found.worth["measure"] == measure]
        title = "Training on random pairs with equal updates"
        if len(row):
            title = f"By {figures.NAMES[measure]}, {analysis.worth_words(row.iloc[0])}"
        with cell:
            chart.show(figures.random_curve(found.curve, measure, core, title),
                       key=f"curve_{measure}",
                       note="All points have equal updates. The core set is worth the number of "
                            "random pairs at which a monotone fit first reaches the core set's "
                            "score. The interval resamples pairs and runs; with only three runs "
                            "it is too narrow.")


def _budget(found, where: str) -> None:
    table = analysis.budget_table(found.arms)
    cells = st.columns(2, gap="large")
    for cell, measure in zip(cells, ("share_failing", "mean_iou"), strict=True):
        with cell:
            chart.show(figures.budget(table, measure, analysis.budget_title(table, measure)),
                       key=f"budget_{measure}",
                       note="Mark: mean of the runs. Bar: lowest to highest run. The table below "
                            f"has the tests. {where}")
    tests = analysis.budget_tests(found.arms)
    n_tested = int((tests["share_failing"] != "no verdict").sum())
    st.markdown(tables.words(
        ("Compared", "Updates", "Failure rate", "Mean IoU"),
        ([row.compared, f"{row.times}x", row.share_failing, row.mean_iou]
         for row in tests.itertuples())))
    st.caption("Each difference with its 95% interval and the p value of a t test, not corrected "
               f"for their number, {n_tested} in each measure. Against random pairs the unit is "
               "the set of pairs; core set and full pool are one set each, so the runs on these "
               "two are compared.")
    tables.show(table, key="budget_table", alt=f"Arms at 1, 4 and 16 times the updates. "
                f"{analysis.budget_title(table)}.")


def _across(run: frame.Run) -> None:
    found = evidence.shown(run, lambda e: len(e.across) > 1, "across")
    if found is None:
        return
    said = analysis.across_finding(found.across)
    st.markdown(f"#### {said.title}\n{said.detail}")
    tables.show(found.across, key="across_table",
                leave_out=tuple(name for name in found.across if name.startswith("mean_iou_diff")),
                alt=f"Core against random for every order. {said.title}.")


def queue_box(run: frame.Run) -> None:
    """Choose arms, see what is missing and how long it takes, start it; then its progress."""
    st.markdown("### Compute controls")
    if why := studies.why_no_controls(run):
        frame.empty(*why)
        return
    asked = st.pills("Arms to compute", list(BUNDLES), selection_mode="multi", key="bundles",
                     default=list(BUNDLES)[:1])
    n_runs = st.number_input("Runs of each arm", 1, 20, studies.N_RUNS, key="n_replicates",
                             width=220,
                             help="Each has its own model seed and draw. Use at least three.")
    lacking = _lacking(run)
    left_out = [analysis.ARMS[arm].lower() for name in asked for arm in BUNDLES[name]["names"]
                if arm in lacking]
    if left_out:
        st.caption("Left out, because this run has no pairs for them: "
                   f"{', '.join(dict.fromkeys(left_out))}.")
    planned = [config for name in asked
               for config in forms.attempt(_plan, run, name, n_runs, lacking) or []]
    study = Study(name=f"controls of {run.run_id}",
                  runs=tuple({config.digest: config for config in planned}.values()))
    missing = studies.missing(study)
    label = f"Start {counted(len(missing), 'missing run')}{studies.time_for(run, missing)}"
    studies.start_button(study, "queue_arms", label if missing else "Nothing is missing",
                         icon=":material/playlist_add:")
    for shown, standing in studies.panel(lambda found: found.name == study.name):
        _open_arms(shown, standing)


def _lacking(run: frame.Run) -> set[str]:
    """Arms that no pairs can be found for: too few, or their factors or groups are unknown."""
    lacking = set(arms.NAMES) - set(arms.available(frame.store_of(run), run.run_id))
    return lacking if run.config.knows_factors else lacking | {"matched"}


def _plan(run: frame.Run, name: str, n_runs: int, lacking: set[str]) -> list[RunConfig]:
    asked = dict(BUNDLES[name])
    asked["names"] = tuple(arm for arm in asked["names"] if arm not in lacking)
    return arms.plan_arms(frame.store_of(run), run.run_id, **asked,
                          n_model_seeds=n_runs, n_draws=n_runs)


def _open_arms(study: Study, standing: Standing) -> None:
    """Arms of a study that are not completed, and where each stands."""
    rows = [{"arm": analysis.ARMS[c.arm.kind], "training ends": ENDS[c.arm.stop],
             "pairs": f"{c.arm.n_pairs:,}" if c.arm.n_pairs else "default",
             "model seed": c.seeds.model, "draw": c.arm.draw,
             "state": str(standing.states[c.digest]), "run": c.digest}
            for c in study.settings(frame.own_store())
            if standing.states[c.digest] != RunState.COMPLETED]
    st.dataframe(pd.DataFrame(rows), hide_index=True, placeholder="–", key=f"open_{study.digest}",
                 alt=f"{len(rows)} control arms that are not completed.")
