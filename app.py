"""Home: the idea, a guess, the recorded run, and the runs of this machine."""

from shipdash.ui import frame

frame.page("Home", frame.IDEA, heading="How many training pairs are enough?")


def body() -> None:
    """Everything below the idea; pandas and plotly take half a second, so the title comes first."""
    from shipdash.ui.home import page as home

    home.body()


body()
