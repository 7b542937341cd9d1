"""Finished runs of a study, one small archive each: a later session goes on with the rest.

Kept are the numbers of a run as its worker wrote them: settings, status, result, events and the
scores of the held-out pairs. Weights are not, nor what one run scores for others: such a run is
put back only where none of those waits for it any more. Each kind of machine has a folder of its
own: processors round differently, so a study is not put together from several.
"""

from __future__ import annotations

import io
import re
import shutil
import zipfile
from pathlib import Path

from benchmarks.child import ROOT
from shipdash.config import RunConfig
from shipdash.records import RunState
from shipdash.runs import Store
from shipdash.runs.folder import replace
from shipdash.runs.machine import machine
from shipdash.studies.folder import state_of
from shipdash.studies.study import Study

RECORDED = ROOT / "shipdash" / "recorded"
"""Runs that ship with the package, each in a folder of its id."""

NUMBERS = ("spec.json", "status.json", "result.json", "events.jsonl", "evaluation/held_out.npz")
"""Files of any run that was evaluated."""


def folder_name(of: str = "") -> str:
    """The folder of machines like this one, or of what `machine` calls another."""
    return re.sub(r"\W+", "-", of or machine()).strip("-").lower()


def keep(store: Store, run_id: str, folder: Path) -> None:
    """Archive a run's numbers, unless it is not completed, ships as recorded or is kept."""
    path = folder / f"{run_id}.zip"
    if (state_of(store, run_id) != RunState.COMPLETED or path.exists()
            or (RECORDED / run_id).exists()):
        return
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in NUMBERS:
            archive.write(store.root / run_id / name, name)
    folder.mkdir(parents=True, exist_ok=True)
    replace(path, content.getvalue())


def put_back(store: Store, folder: Path, study: Study) -> None:
    """Give the runs folder what is kept, or ships as recorded, of a study's runs.

    A run that scored the pool for others comes back when every run asked for that rests on it is
    there: its scores are not kept.
    """
    while _put_back(store, folder, study.settings(store)):
        pass  # the settings of some runs are known only when others are there


def _put_back(store: Store, folder: Path, asked: list[RunConfig]) -> list[str]:
    back = []
    for config in sorted(asked, key=lambda c: c.evaluation.pool_scores):  # those that score last
        run_id, target = config.digest, store.root / config.digest
        rest = [c for c in asked if c.arm.scores == run_id]
        waiting = any(state_of(store, c.digest) != RunState.COMPLETED for c in rest)
        if target.exists() or waiting:
            continue
        part = target.with_name(f"{run_id}.part")
        shutil.rmtree(part, ignore_errors=True)
        if (RECORDED / run_id).exists():
            shutil.copytree(RECORDED / run_id, part)
        elif (folder / f"{run_id}.zip").exists():
            unpack(folder / f"{run_id}.zip", part)
        else:
            continue
        part.rename(target)  # all of it or nothing: the folder gets its name last
        back.append(run_id)
    return back


def unpack(archive: Path, part: Path) -> None:
    """Give a folder the files of an archived run."""
    with zipfile.ZipFile(archive) as stored:
        for name in NUMBERS:
            (part / name).parent.mkdir(parents=True, exist_ok=True)
            (part / name).write_bytes(stored.read(name))
