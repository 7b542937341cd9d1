"""Copy a completed run into the package, numbers only, for the Home page to show at once.

    taskset -c 0 python -m shipdash run --preset compact
    python -m benchmarks.record RUN_ID

Not a way to edit a result: files are copied as the worker wrote them, pictures and checkpoint left
out. The run in the package is labelled as recorded, with its date, device and version.
"""

import shutil
import sys
from pathlib import Path

from shipdash.runs import Store

RECORDED = Path(__file__).parents[1] / "shipdash" / "recorded"
NUMBERS = ("spec.json", "status.json", "result.json", "events.jsonl",
           "evaluation/held_out.npz", "evaluation/reaudit.npz")


def main(run_id: str) -> None:
    """Replace the recorded run by this one."""
    store = Store()
    if store.result(run_id) is None:
        sys.exit(f"run {run_id} is not completed: finish it first")
    for earlier in RECORDED.glob("[0-9a-f]" * 16):  # the recorded sweep stays
        shutil.rmtree(earlier)
    for name in NUMBERS:
        target = RECORDED / run_id / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(store.root / run_id / name, target)
    print(RECORDED / run_id)


if __name__ == "__main__":
    main(sys.argv[1])
