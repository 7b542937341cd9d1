"""What one finished run found, by the column names that every table of runs is made of."""

from __future__ import annotations

import math
from typing import Any

from shipdash.results import Result


def run_numbers(result: Result | None) -> dict[str, Any]:
    """Numbers and origin of a result, flat: NaN, or no words, for what was not measured.

    A table of runs picks its columns among these. `acceptance_iou` to `share_failing` are of the
    held-out pairs, `n_reaudit_failing` counts discarded pairs that the final network fails.
    """
    held, again = result and result.held_out, result and result.reaudit
    return {
        **{name: _number(result, name) for name in (
            "n_core", "n_tested", "rounds", "n_backward", "n_forward", "n_wasted", "seconds",
            "threads")},
        **{name: _number(held, name) for name in (
            "acceptance_iou", "mean_iou", "article_score", "share_failing")},
        "n_held_out": _number(held, "n"), "n_reaudit_failing": _number(again, "n_failing"),
        **{name: str(getattr(result, name, "")) for name in (
            "run_id", "reason", "device", "machine", "version", "date")},
    }


def _number(found: Any, name: str) -> float:
    value = getattr(found, name, None)
    return math.nan if value is None else value
