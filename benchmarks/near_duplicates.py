"""Near duplicates of 1,000 to 100,000 pictures: time, memory, and whether all of them are found."""

from __future__ import annotations

from benchmarks.child import measure
from benchmarks.report import Asked, Row

SIZES = (1_000, 10_000, 100_000)


def rows(asked: Asked) -> list[Row]:
    """One search for each size, in a process of its own; pictures of 32 x 32 pixels."""
    return [row for n in (SIZES[:1] if asked.quick else SIZES) for row in _rows(n)]


def _rows(n: int) -> list[Row]:
    found = measure("duplicate_search", str(n)).found
    said = f"{n:,} pictures"
    return [
        Row(f"{said}: hashes, links and leaks", found["search_s"], "s",
            note="whole pictures up to 12 bits, cells up to 8"),
        Row(f"{said}: processor time of it", found["cpu_s"], "s"),
        Row(f"{said}: growth of memory", found["growth_mb"], "MB"),
        Row(f"{said}: near duplicates found", found["n_links"], "pairs",
            note=f"{found['n_planted']:,} were planted"),
    ]
