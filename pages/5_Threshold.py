"""Threshold: how the precision moves the size of the core set, what it costs, what it misses."""

from shipdash.ui import frame

frame.page("Threshold", "How far down can the core set be pushed? The **precision** decides: the "
           "network trains until its score on the core set exceeds it, and a pair that reaches "
           "0.95 of it is thrown away.")


def body() -> None:
    """Everything below the lead; pandas and plotly take half a second, so the title comes first."""
    from shipdash.ui.threshold import page as threshold
    from shipdash.ui.threshold import plan, points

    runs = frame.runs()
    with frame.in_words():
        threshold.remember()
        view = threshold.choose(runs)
        asked = plan.form(view.family, runs, unfolded=view.family.name != points.RECORDED)
        threshold.panel(view, asked)


body()
