"""The run of the synthetic scene that came with the package."""

from shipdash.results import StoredRun
from shipdash.runs import Store
from shipdash.ui.frame import RECORDED


def of_the_scene() -> StoredRun:
    """Ten thousand pairs, with predictions and probe frames."""
    (run,) = [run for run in Store(RECORDED, recorded=True).list()
              if (run.config.source.kind, run.config.network.kind) == ("scene", "compact")]
    return run


SCENE = of_the_scene()
N_CORE = len(SCENE.result.core)
