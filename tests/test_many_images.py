"""The table of many images in docs/your-data.md is that of the stored measurement."""

from pathlib import Path

import pandas as pd

ROOT = Path(__file__).parents[1]


def rows() -> pd.DataFrame:
    return pd.read_csv(ROOT / "benchmarks" / "results" / "many-images.csv")


def test_the_note_has_every_row():
    """Rounded to whole seconds, from ten on, and megabytes."""
    note = (ROOT / "docs" / "your-data.md").read_text()
    for row in rows().itertuples():
        assert (f"| {row.images:,} | {s(row.import_s)} ({s(row.import_cpu_s)}) | "
                f"{s(row.near_duplicates_s)} ({s(row.near_duplicates_cpu_s)}) | "
                f"{s(row.view_images_s)} | {s(row.view_near_duplicates_s)} | "
                f"{s(row.view_selection_s)} | {row.import_growth_mb:.0f} | "
                f"{row.near_duplicates_growth_mb:.0f} | {row.server_growth_mb:.0f} |") in note


def s(seconds: float) -> str:
    return f"{seconds:.0f}" if seconds >= 10 else f"{seconds:.1f}"
