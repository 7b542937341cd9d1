"""Home: the idea, a guess, the recorded run, and the runs of this machine.

Streamlit's server imports this file once, and runs it as a script for every visitor.
"""

import streamlit as st

from shipdash.ui import frame, server


def body() -> None:
    """Everything below the idea; pandas and plotly take half a second, so the title comes first."""
    from shipdash.ui.home import page as home

    home.body()


if __name__ == "__main__":
    frame.page("Home", frame.IDEA, heading="How many training pairs are enough?")
    body()
else:
    app = st.App("app.py", lifespan=server.lifespan, routes=server.routes(),
                 middleware=server.middleware())
