"""Compare: several runs in one view, chosen by a table and named in the link."""

from shipdash.ui import frame
from shipdash.ui.words import PRECISION

frame.page("Compare", "See several runs together: how many pairs they keep, how often pairs fail, "
           f"and whether the core sets have pairs in common. {PRECISION}")


def body() -> None:
    """Everything below the lead; pandas and plotly take half a second, so the title comes first."""
    from shipdash.ui.compare import page as compare

    runs = compare.choose(frame.runs())
    if not runs:
        return
    with frame.in_words():
        compare.curves(runs)
        compare.overlap(runs)
        compare.origin(runs)


body()
