"""Label next: which new images should a person label first, and whether to believe the answer."""

from shipdash.ui import frame

frame.page("Label next", "You have new images without masks. The network of a finished run ranks "
           "them by its uncertainty, you check its predictions with the keyboard, and the page "
           "measures whether the ranking finds failures sooner than a random order does.")


def body() -> None:
    """Everything below the lead; pandas and plotly take half a second, so the title comes first."""
    from shipdash.ui.label_next import page as label_next

    label_next.body()


body()
