"""Label next: which new images should a person label first, and whether to believe the answer."""

from shipdash.ui import frame

frame.page("Label next", "New images arrive without masks. A finished run ranks them by how much "
           "it doubts its own prediction, you go through them by keyboard, and the page measures "
           "whether that finds failures more often than a random order does.")


def body() -> None:
    """Everything below the lead; pandas and plotly take half a second, so the title comes first."""
    from shipdash.ui.label_next import page as label_next

    label_next.body()


body()
