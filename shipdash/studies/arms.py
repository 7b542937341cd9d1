"""The arms of a finished selection: which runs to ask for, and what to call them.

It starts none of them; a name stands for one question, a run for one answer to it.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Sequence

from shipdash import config as configs
from shipdash.config import ArmConfig, ConfigError, NetworkConfig, RunConfig
from shipdash.config.settings import SCORED
from shipdash.data import open_source
from shipdash.learning.arm_training import WINDOW_STEPS
from shipdash.results import Result
from shipdash.runs import Store, prerequisites
from shipdash.studies.study import whole_number

VARIED = ("core", "random", "first", "stratified", "rejected", "full")
"""Arms that exist in both variants: equal updates, and until their own score passes."""

NAMES = (*VARIED, "full-cost", "full-converged", "other", "other-random")
"""All arms but the curve, which needs its sizes."""

TIMES = {f"{kind}-{times}x": times for times in (4, 16) for kind in ("core", "random", "full")}
BUDGET = tuple(TIMES)
"""Arms of so many times the equal updates: where the choice matters, and where updates do."""

RULES = {"full-converged": "converged", "full-cost": "equal cost", "full-true-cost": "true cost",
         **{name: f"{times} times the updates" for name, times in TIMES.items()}}
"""What the rule of training is called of arms that have one to themselves; the other arms train
for equal updates, or until their own score passes."""

MORE = ("matched", *SCORED, *BUDGET, "full-true-cost")
"""Arms that are planned where they are named: rivals of the selection, and the larger budgets."""

DRAWN = ("random", "stratified", "rejected", "other-random", "curve", "matched", "random-4x",
         "random-16x", *SCORED)
"""Arms that draw their pairs: each replicate has a set of its own. Those of a larger budget have
that of the random arm of their replicate."""

STOPS = ("steps", "score")
CURVE = (25, 50, 100, 200, 400, 1000, 3000)
"""Pairs of the random-k curve, as far as the pool has more: even on a logarithmic axis."""

FIRST_MODEL_SEED = 1001
"""Arms count their model seeds from here on: none starts from the weights that the selection
started from, which the core set was chosen for."""

SCORE_CAP = 10  # times the equal updates, or
SCORE_EPOCHS = 5  # over the arm's pairs, whichever is more: an arm still below then will stay so
PLATEAU_EPOCHS = 40  # of the full pool: half an hour on two cores at 128 pixels,
PLATEAU_WINDOWS = 40  # and so many windows at least, for a pool smaller than a window

SCOUT_SEEDS = 10_000
"""Added to an arm's model seed and draw for the network that scores the pool for it: an arm shares
neither weights nor pairs with the random arm of its replicate."""

FORGETTING_EPOCHS = 5
"""Passes over the pool in which forgetting events are counted: a pair can be forgotten only when it
is seen again. Toneva et al. count over a whole training of some 200, a day on two cores here."""

NETWORKS = ("wide", *configs.PRESETS)
"""What *other* may learn with: the source's network with twice the filters, or a preset's."""


def plan(source_id: str, source: RunConfig, result: Result, *, names: Sequence[str] = NAMES,
         stops: Sequence[str] = STOPS, model_seeds: Sequence[int] = (1001, 1002, 1003),
         draws: Sequence[int] = (1, 2, 3), curve: Sequence[int] = (),
         network: str = "", n_left_out: int = 0) -> list[RunConfig]:
    """The control arms of a finished selection, one replicate of all of them after another.

    Arms keep the source's scene, selection, pool and order seeds and held-out pairs. Replicate r
    has the r-th model seed and, where the arm draws, the r-th draw (the shorter of the two goes
    round again): the unit of replication is the run, so both vary together. *Equal updates* means
    as many training images as the selection spent; *equal cost* counts its predictions too, three
    of them to a training image (backward costs two forward passes); *true cost* counts the training
    of the core set from scratch as well.

    Parameters
    ----------
    source_id, source, result
        Run id, settings and stored result of the selection.
    names : sequence of str
        Some of `NAMES` or `MORE`, or ``curve``: random-k at the sizes of `curve`, else of `CURVE`.
        An arm that chooses by scores comes after the run that makes them (see `scout`).
    stops : sequence of str
        Variants of the arms in `VARIED`: ``steps``, ``score`` or both.
    model_seeds, draws : sequence of int
    curve : sequence of int
        Sizes of the random-k curve, at equal updates; naming some asks for the curve.
    network : str
        One of `NETWORKS`; by default ``wide``, or ``compact`` for the article's network, which is
        too slow on a CPU to be widened.
    n_left_out : int
        Pairs of the pool that the stream of the source has not: core sets of the folds before it.

    Returns
    -------
    list of RunConfig
        Each question once.
    """
    _check(names, stops, model_seeds, draws, curve)
    if "curve" in names and not curve:
        curve = [k for k in CURVE if k < result.n_pool - n_left_out]
    asked = {}
    for r in range(max(len(model_seeds), len(draws))):
        seed, draw = model_seeds[r % len(model_seeds)], draws[r % len(draws)]
        for name in (name for name in names if name != "curve"):
            for stop in stops if name in VARIED else ("steps",):
                arm = _arm(name, stop, source_id, source, result, draw, network)
                arm = arm.replace(**{"seeds.model": seed})
                if name in SCORED:
                    asked[scores := scout(name, arm, result)] = None
                    arm = arm.replace(**{"arm.kind": name, "arm.scores": scores.digest})
                asked[arm] = None
        for k in curve:
            arm = _arm("curve", "steps", source_id, source, result, draw, network, k)
            asked[arm.replace(**{"seeds.model": seed})] = None
    return list(asked)


def plan_arms(store: Store, run_id: str, names: Sequence[str] = NAMES, *,
              stops: Sequence[str] = STOPS, n_model_seeds: int = 3, n_draws: int = 3,
              curve: Sequence[int] = (), network: str = "") -> list[RunConfig]:
    """Arms of a finished selection, each checked against it; nothing is stored or started.

    Raises
    ------
    ConfigError
        The run is missing, unfinished, an arm itself or from another version of the algorithm,
        a name is unknown, or an arm needs more pairs than there are.
    """
    source, result = prerequisites.selected(store, run_id)
    if not source.evaluation.n_held_out:
        raise ConfigError("evaluation.n_held_out", 0, "must be above 0 in the run: arms are "
                          "compared with each other on held-out pairs")
    for field, n in (("model_seeds", n_model_seeds), ("draws", n_draws)):
        whole_number(field, n, 1, 100)
    left_out = {i for i in prerequisites.left_out(store, source) if i < result.n_pool}
    planned = plan(
        run_id, source, result, names=names, stops=stops, curve=curve, network=network,
        n_left_out=len(left_out),
        model_seeds=model_seeds(source, n_model_seeds), draws=range(1, n_draws + 1),
    )
    for arm in planned:
        prerequisites.source_result(store, arm)
    return planned


def available(store: Store, run_id: str) -> tuple[str, ...]:
    """Those of `NAMES` that a finished selection has the pairs, and another network, for."""
    source, result = prerequisites.selected(store, run_id)
    left_out = set() if has_strata(source) else {"stratified"}
    try:
        prerequisites.source_result(
            store, _arm("rejected", "steps", run_id, source, result, 1, ""))
    except ConfigError:  # it discarded fewer than it kept
        left_out.add("rejected")
    try:
        other_network(source)
    except ConfigError:  # twice its filters are more than a network may have
        left_out |= {"other", "other-random"}
    return tuple(name for name in NAMES if name not in left_out)


def has_strata(config: RunConfig) -> bool:
    """Whether random pairs can be stratified: by a scene's factors, or by a data set's groups."""
    if config.knows_factors:
        return True
    source = open_source(config)
    return any(source.group(i) for i in range(source.n))


def model_seeds(source: RunConfig, n: int) -> list[int]:
    """`n` seeds for fresh weights, from `FIRST_MODEL_SEED` on, never the selection's own."""
    seeds = (s for s in itertools.count(FIRST_MODEL_SEED) if s != source.seeds.model)
    return list(itertools.islice(seeds, n))


def scout(name: str, arm: RunConfig, result: Result) -> RunConfig:
    """The run that scores the pool for an arm of `SCORED`, given as random pairs of its seeds.

    As many random pairs and as many updates as the selection used; for forgetting events, which
    exist only for pairs that are trained on, the whole pool for `FORGETTING_EPOCHS`.
    """
    seed, draw = arm.seeds.model + SCOUT_SEEDS, arm.arm.draw + SCOUT_SEEDS
    changes = {"evaluation.pool_scores": True, "seeds.model": seed, "arm.draw": draw}
    if name == "forgetting":
        steps = FORGETTING_EPOCHS * -(-result.n_pool // arm.network.batch)
        changes |= {"arm.kind": "full", "arm.draw": 0, "arm.n_steps": steps,
                    "arm.protocol": f"{FORGETTING_EPOCHS} epochs"}
    return arm.replace(**changes)


def name_of(arm: RunConfig, source: RunConfig) -> str:
    """What an arm is called: one of `NAMES` or `MORE`, ``curve``, or ``scout`` for a run that makes
    the scores of others; `plan` read backwards."""
    kind, a = arm.arm.kind, arm.arm
    by_rule = {(name.partition("-")[0], rule): name for name, rule in RULES.items()}
    if arm.evaluation.pool_scores:
        return "scout"
    if arm.network != source.network:
        return "other" if kind == "core" else f"other-{kind}"
    return by_rule.get((kind, a.protocol),
                       "curve" if kind == "random" and a.n_pairs else kind)


def equal_updates(arm: RunConfig, result: Result) -> int:
    """Steps in which an arm trains on as many images as the selection did."""
    return max(1, result.n_backward // arm.network.batch)


def other_network(source: RunConfig, name: str = "") -> NetworkConfig:
    """The network section that a name of `NETWORKS` stands for, beside this source."""
    own = source.network
    name = name or ("wide" if own.kind == "compact" else "compact")
    if name not in NETWORKS:
        raise ConfigError("network", name, f"must be one of {', '.join(NETWORKS)}")
    section = configs.preset(name).network if name in configs.PRESETS else (
        dataclasses.replace(own, filters=2 * own.filters))
    if section == own:
        raise ConfigError("network", name, "must be another network than the source's")
    return section


def _arm(name, stop, source_id, source, result, draw, network, n_pairs=0) -> RunConfig:
    """One arm of one draw; the model seed is still the source's."""
    section = other_network(source, network) if name.startswith("other") else source.network
    kind = {"other": "core", **dict.fromkeys(("other-random", "curve", *SCORED), "random")}.get(
        name, name.partition("-")[0])  # a scored kind is made of these by `plan`
    if kind == "random" and n_pairs == result.n_core:
        n_pairs = 0  # the random arm itself
    stop = "plateau" if name == "full-converged" else stop
    protocol = "until score" if stop == "score" else RULES.get(name, "equal updates")
    arm = dataclasses.replace(
        source, network=section,
        evaluation=dataclasses.replace(source.evaluation, reaudit=False, pool_scores=False),
        arm=ArmConfig(kind=kind, source=source_id, n_pairs=n_pairs, n_steps=1,
                      draw=draw if name in DRAWN else 0,
                      stop=stop, protocol=protocol),
    )
    return arm.replace(**{"arm.n_steps": _n_steps(name, arm, result)})


def _n_steps(name: str, arm: RunConfig, result: Result) -> int:
    equal = equal_updates(arm, result)
    n_pairs = result.n_pool if arm.arm.kind == "full" else result.n_core
    epoch = -(-n_pairs // arm.network.batch)
    if arm.arm.protocol in ("equal cost", "true cost"):
        cost = result.n_forward + 3 * result.n_backward  # of the selection, predictions included
        more = equal if arm.arm.protocol == "true cost" else 0
        return max(1, cost // (3 * arm.network.batch)) + more
    if name in TIMES:
        return TIMES[name] * equal
    if arm.arm.stop == "plateau":
        return max(PLATEAU_EPOCHS * epoch, PLATEAU_WINDOWS * WINDOW_STEPS)
    return max(SCORE_CAP * equal, SCORE_EPOCHS * epoch) if arm.arm.stop == "score" else equal


def _check(names, stops, seeds, draws, curve) -> None:
    for field, given, known in (("arms", names, (*NAMES, *MORE, "curve")), ("stops", stops, STOPS)):
        for word in given:
            if word not in known:
                raise ConfigError(field, word, f"must be some of {', '.join(known)}")
    for field, given in (("stops", stops), ("model_seeds", seeds), ("draws", draws)):
        if not given:
            raise ConfigError(field, list(given), "must name at least one")
    for k in curve:
        if k < 1:
            raise ConfigError("curve", k, "must be sizes of at least 1 pair")
