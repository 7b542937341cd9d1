"""The table of many images in docs/your-data.md is that of the stored measurement."""

from pathlib import Path

import pandas as pd

ROOT = Path(__file__).parents[1]
MOST_GROWTH_MB = 300


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


def test_memory_hardly_grows():
    """Up to 100,000 images, in every process."""
    found = rows()
    assert found["images"].max() == 100_000
    assert found.filter(like="growth_mb").to_numpy().max() < MOST_GROWTH_MB


def s(seconds: float) -> str:
    return f"{seconds:.0f}" if seconds >= 10 else f"{seconds:.1f}"
