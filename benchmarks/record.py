"""Make a run, or take a completed one, and copy it into the package for the pages to show at once.

    taskset -c 0 python -m benchmarks.record --preset compact
    taskset -c 0 python -m benchmarks.record --data nuclei
    python -m benchmarks.record RUN_ID
    python -m benchmarks.record --check [SEED [KIND ...]]   # whether a random tenth repeats here

Options are those of `shipdash run`; a run that is stored already is only copied. Not a way to edit
a result: files are copied as the worker wrote them, the checkpoint left out. Predictions are kept
as masks of one bit a pixel, some tens of kilobytes; images follow from their numbers. A run in the
package is labelled as recorded, with its date, device and version. There is one of the generated
scene for each kind of network, and one of each sample.
"""

import shutil
import sys

from benchmarks import repeat_record
from benchmarks.kept_runs import NUMBERS, RECORDED
from shipdash.cli import commands as command_line
from shipdash.config import RunConfig
from shipdash.runs import Store
from shipdash.runs.folder import npz
from shipdash.runs.packed_masks import packed

REAUDIT = "evaluation/reaudit.npz"
IF_THERE = ("probe.jsonl",)  # packed by the worker
PREDICTIONS = ("picked", "held_out_worst", "reaudit_worst")


def main(run_id: str) -> None:
    """Put this run in the place of the recorded one of the same kind of pairs and network."""
    store = Store()
    if store.result(run_id) is None:
        sys.exit(f"run {run_id} is not completed: finish it first")
    source, target = store.root / run_id, RECORDED / run_id
    missing = [name for name in (*NUMBERS, REAUDIT) if not (source / name).exists()]
    if missing:  # said before the earlier run is gone
        sys.exit(f"run {run_id} has no {', '.join(missing)}, which a recorded run shows")
    shipped = Store(RECORDED, recorded=True)
    for earlier in shipped.list():
        if earlier.config is None or _place(earlier.config) == _place(store.config(run_id)):
            shutil.rmtree(shipped.root / earlier.run_id)
    (target / "evaluation").mkdir(parents=True)
    for name in (*NUMBERS, REAUDIT, *(name for name in IF_THERE if (source / name).exists())):
        shutil.copyfile(source / name, target / name)
    for name in PREDICTIONS:
        found = store.load_scores(run_id, name)
        if found is not None:
            (target / "evaluation" / f"{name}.npz").write_bytes(npz(packed(found), compressed=True))
    print(target)


def made(options: list[str]) -> str:
    """The id of the run that these options of `shipdash run` ask for, which is completed here."""
    code = command_line.main(["run", *options])
    if code:
        sys.exit(code)
    return command_line.config_of(command_line.parser().parse_args(["run", *options])).digest


def _place(config: RunConfig) -> tuple[str, str, str]:
    """What a run's pairs are called, however they are drawn or imported, and its network."""
    return config.source.kind, config.source.name, config.network.kind


if __name__ == "__main__":
    asked = sys.argv[1:] or sys.exit("RUN_ID, --check or options of `shipdash run` are missing")
    if asked[0] == "--check":
        seed, *kinds = asked[1:] or ["1"]
        if not seed.isdecimal():
            sys.exit(f"SEED must be a whole number from 0 on. Received: {seed}")
        if unknown := set(kinds) - set(repeat_record.KINDS):
            sys.exit(f"{', '.join(unknown)}: kinds are {', '.join(repeat_record.KINDS)}")
        sys.exit(not repeat_record.check(RECORDED, int(seed), kinds or repeat_record.KINDS))
    main(made(asked) if asked[0].startswith("--") else asked[0])
