"""What a ranking is asked of: a data set, a finished run, and runs like it. It reads no picture."""

from __future__ import annotations

from dataclasses import dataclass

from shipdash.config import ConfigError, RunConfig
from shipdash.config.base import Question
from shipdash.data import files
from shipdash.records import RunState
from shipdash.runs import Store, StoreError
from shipdash.runs.prerequisites import finished_selection

MOST_SEEDS = 2
"""Other runs that are asked: with the run itself three, each of which costs a prediction."""

_CHANCE = {"seeds.model", "seeds.order"}


@dataclass(frozen=True)
class RankRequest(Question):
    """Images of one content, ranked by one run and by others that differ in their seeds alone."""

    data: str  # name of the data set
    fingerprint: str  # of its content
    run_id: str
    others: tuple[str, ...] = ()  # runs of other seeds


def rank_request(store: Store, data: str, run_id: str) -> RankRequest:
    """The ranking of a data set by a run, with the runs of other seeds that are stored here.

    Raises
    ------
    ConfigError
        There is no such data set, or its images have another size than the run's.
    StoreError
        The run has not finished, is a control arm, or its network is not stored.
    """
    manifest = files.read_manifest(files.folder_of(data))
    config, _ = finished_selection(store, run_id)
    if not has_network(store, run_id):
        raise StoreError(f"the network of run {run_id} is not stored here (runs that come with the "
                         "package have none): choose a run that was computed here")
    if (manifest["rows"], manifest["cols"]) != config.shape:
        raise ConfigError("data", data, f"must have images of {config.shape[0]} x "
                          f"{config.shape[1]} pixels as run {run_id} has; these have "
                          f"{manifest['rows']} x {manifest['cols']}")
    return RankRequest(data, str(manifest["fingerprint"]), run_id,
                       tuple(_of_other_seeds(store, run_id, config)))


def has_network(store: Store, run_id: str) -> bool:
    """Whether the run's last checkpoint, and with it its network, is still there."""
    return (store.root / run_id / "checkpoint" / "state.npz").is_file()


def _of_other_seeds(store: Store, run_id: str, config: RunConfig) -> list[str]:
    """Finished runs that differ in model and order seed alone, by id; at most `MOST_SEEDS`."""
    like = sorted(run.run_id for run in store.list()
                  if run.run_id != run_id and run.state is RunState.COMPLETED and run.config
                  and set(run.config.changes_from(config)) <= _CHANCE
                  and has_network(store, run.run_id))
    return like[:MOST_SEEDS]
