"""Benchmark results that are kept: a JSON file per section and minute, one page of all."""

from __future__ import annotations

import json
import re
from pathlib import Path

from benchmarks.child import ROOT, BenchError
from benchmarks.report import Report, table
from benchmarks.sections import SECTIONS

RESULTS = ROOT / "benchmarks" / "results"
_NAME = re.compile(rf"\d{{4}}-\d\d-\d\dT\d{{4}}-({'|'.join(map(re.escape, SECTIONS))})\.json")

HEAD = """# Benchmark results

Written by `python -m benchmarks --keep`; do not edit. Medians, with the range of the repeats. A
time *in products* is divided by what a 2,048 x 2,048 float32 matrix product took on that machine
just before and after, so that figures of two machines can be compared. Each section comes from the
JSON file of its date, time and name beside this page; the newest of a section stands first.

"""


def keep(report: Report, folder: Path | None = None) -> Path:
    """Store a report as ``<date>T<time>-<section>.json`` and write the page anew."""
    if report.quick:
        raise ValueError("report must be of full size to be kept. Received: quick=True")
    folder = folder or RESULTS
    path = folder / f"{report.date[:16].replace(':', '')}-{report.section}.json"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(report.to_dict(), indent=1) + "\n")
        (folder / "README.md").write_text(page(reports(folder)))
    except OSError as error:
        raise BenchError(f"cannot write to {folder}: {error.strerror}; use --out") from None
    return path


def reports(folder: Path | None = None) -> list[Report]:
    """All reports that are kept there, by section, newest first."""
    found = []
    for path in sorted((folder or RESULTS).glob("*.json"), reverse=True):
        if _NAME.fullmatch(path.name):
            try:
                found.append(Report.from_dict(json.loads(path.read_text())))
            except (OSError, ValueError) as error:
                raise BenchError(f"{path} cannot be read ({error}): remove it") from None
    return sorted(found, key=lambda report: [*SECTIONS].index(report.section))


def page(found: list[Report]) -> str:
    """The reports as one Markdown page."""
    return HEAD + "\n".join(table(report) for report in found)
