"""Copy a completed run into the package, for the pages to show at once.

    taskset -c 0 python -m shipdash run --preset compact
    python -m benchmarks.record RUN_ID

Not a way to edit a result: files are copied as the worker wrote them, the checkpoint left out.
Predictions are kept as masks of one bit a pixel, some tens of kilobytes; images follow from their
numbers. The run in the package is labelled as recorded, with its date, device and version.
"""

import shutil
import sys
from pathlib import Path

from shipdash.runs import Store
from shipdash.runs.folder import npz
from shipdash.runs.packed_masks import packed

RECORDED = Path(__file__).parents[1] / "shipdash" / "recorded"
NUMBERS = ("spec.json", "status.json", "result.json", "events.jsonl",
           "evaluation/held_out.npz", "evaluation/reaudit.npz")
IF_THERE = ("probe.jsonl",)  # packed by the worker
PREDICTIONS = ("picked", "held_out_worst", "reaudit_worst")


def main(run_id: str) -> None:
    """Replace the recorded run by this one."""
    store = Store()
    if store.result(run_id) is None:
        sys.exit(f"run {run_id} is not completed: finish it first")
    for earlier in RECORDED.glob("[0-9a-f]" * 16):  # the recorded sweep stays
        shutil.rmtree(earlier)
    source, target = store.root / run_id, RECORDED / run_id
    (target / "evaluation").mkdir(parents=True)
    for name in (*NUMBERS, *(name for name in IF_THERE if (source / name).exists())):
        shutil.copyfile(source / name, target / name)
    for name in PREDICTIONS:
        found = store.load_scores(run_id, name)
        if found is not None:
            (target / "evaluation" / f"{name}.npz").write_bytes(npz(packed(found), compressed=True))
    print(target)


if __name__ == "__main__":
    main(sys.argv[1])
