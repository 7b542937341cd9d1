"""Compare: several runs in one view, chosen by a table and named in the link."""

from shipdash.ui import frame

frame.page("Compare", "Lay runs over each other: what they keep, how often they fail, and whether "
           "they keep the same pairs.")


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
