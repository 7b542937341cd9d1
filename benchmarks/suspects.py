"""``python -m benchmarks.suspects``: do rankings by suspicion find wrong masks that were planted?

5 % of the masks of a pool are planted wrong, one kind at a time: pairs of the scene of the quick
preset, and the sample of nuclei, both at 64 x 64 pixels. Networks predict the pairs that they were
trained without, as for the kept pairs of a run, and each ranking is judged by how many of the first
20 and 50 are wrong, beside cleanlab's two scores for segmentation and beside chance.

Written: ``results/suspects.csv``, one row a source, kind, seed, ranking and number looked at. Rows
that are there already are kept, so that a stopped measurement goes on; remove the file to start
anew. One thread; no selection is run, so chance is the share in the pool and not that in a core
set, which is larger.
"""

from __future__ import annotations

import csv
import datetime
import io
import itertools
import os
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmarks.stored import RESULTS
from shipdash import config as configs
from shipdash.config import RunConfig
from shipdash.data import open_source, sample_data
from shipdash.data.own_preset import own_config
from shipdash.importing import ImportRequest, import_pairs
from shipdash.labelling.cross_validation import folds, scores, train
from shipdash.labelling.suspects import N_FOLDS, N_STEPS
from shipdash.learning.learner import Learner, open_learner
from shipdash.runs.folder import replace

NAME = "suspects.csv"
COLUMNS = ("source", "kind", "seed", "ranking", "k", "n", "n_wrong", "n_found", "precision",
           "chance", "n_folds", "n_steps", "device", "date")
SOURCES, KINDS, SEEDS = ("scene", "nuclei"), ("shifted", "dropped", "borrowed"), (1, 2, 3)
SHARE = 0.05  # of wrong masks
LOOKED_AT = (20, 50)
N_SCENE = 1_000  # pairs of the scene: so many that 50 are wrong
SIZE = 64  # rows and columns of the nuclei: a quarter of the time of 128


def main() -> None:
    """Measure what is missing, and write after every pool."""
    os.environ |= {f"TF_NUM_{kind}_THREADS": "1" for kind in ("INTRAOP", "INTEROP")}
    path = RESULTS / NAME
    rows = _stored(path)
    done = {tuple(row[:3]) for row in rows}
    with tempfile.TemporaryDirectory() as place:
        os.environ["SHIPDASH_DATA"] = f"{place}/data"
        _import_nuclei(Path(place))
        learners: dict[str, Learner] = {}
        for seed, source, kind in itertools.product(SEEDS, SOURCES, KINDS):
            if (source, kind, str(seed)) in done:
                continue
            config = asked(source, kind, seed)
            if source not in learners:
                learners[source] = open_learner(config.network, shape=config.shape, seed=seed)
                learners[source].prepare(void=open_source(config).void)
            rows += [[str(cell) for cell in (source, kind, seed, *row)]
                     for row in measured(config, learners[source])]
            _write(path, rows)
            print(f"{source}, {kind}, seed {seed}: measured", flush=True)


def asked(source: str, kind: str, seed: int) -> RunConfig:
    """The settings of a pool with wrong masks; all seeds are the same."""
    config = (own_config("nuclei") if source == "nuclei"
              else configs.quick().replace(**{"selection.n_pool": N_SCENE}))
    return config.replace(**{
        "planted.label_noise": SHARE, "planted.label_noise_kind": kind, "seeds.pool": seed,
        "seeds.model": seed, "seeds.order": seed})


def measured(config: RunConfig, learner: Learner) -> Iterator[tuple]:
    """The rest of each row of a pool: ranking, k and so on."""
    source = open_source(config)
    found, wrong = _cross_validated(config, learner)
    date = datetime.datetime.now(datetime.UTC).date().isoformat()
    for name, k in itertools.product(found, LOOKED_AT):
        first = np.argsort(found[name], kind="stable")[:k]
        n_found = int(wrong[first].sum())
        yield (name, k, source.n, int(wrong.sum()), n_found, round(n_found / k, 4),
               round(float(wrong.mean()), 4), N_FOLDS, N_STEPS, learner.device, date)


def _cross_validated(config: RunConfig, learner: Learner
                     ) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Every ranking's scores of all pairs, smaller where more suspicious, and which are wrong.

    Pairs stand in random order, so that ties are broken by chance.
    """
    source = open_source(config)
    index, masks, probability = [], [], []
    for number, fold in enumerate(folds(source, range(source.n), [], N_FOLDS, config.seeds.model)):
        train(source, learner, config, fold, N_STEPS, number)
        images, truth = source.draw(fold.tested)
        index, masks = [*index, *fold.tested], [*masks, truth]
        probability.append(learner.predict(images))
    order = np.random.default_rng(config.seeds.pool).permutation(len(index))
    masks, probability = (np.concatenate(parts)[order] for parts in (masks, probability))
    wrong = np.array([source.label(i) != "true" for i in index])[order]
    return scores(masks, probability) | _cleanlab(masks, probability), wrong


def _cleanlab(masks: np.ndarray, probability: np.ndarray) -> dict[str, np.ndarray]:
    """Its scores of the same predictions: smaller where a label is more suspicious."""
    from cleanlab.segmentation.rank import get_label_quality_scores

    labels, both = (masks == 1).astype(int), np.stack([1 - probability, probability], axis=1)
    return {f"cleanlab {method}": get_label_quality_scores(
        labels, both, method=method, n_jobs=1, verbose=False)[0]
        for method in ("softmin", "num_pixel_issues")}


def _import_nuclei(place: Path) -> None:
    """The sample at a smaller size, all of it in the pool."""
    with zipfile.ZipFile(sample_data.SAMPLES / "nuclei.zip") as archive:
        archive.extractall(place / "sample")
    import_pairs(ImportRequest(name="nuclei", images=f"{place}/sample/images",
                               labels=f"{place}/sample/masks", held_out=0, rows=SIZE, cols=SIZE))


def _stored(path: Path) -> list[list[str]]:
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as text:
        return list(csv.reader(text))[1:]


def _write(path: Path, rows: list[list[str]]) -> None:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows([COLUMNS, *rows])
    replace(path, text.getvalue().encode())


if __name__ == "__main__":
    sys.exit(main())
