"""The views of *Your data* by the name in their link. Each is drawn in a module of its own."""

from __future__ import annotations

from shipdash.ui.your_data import came_out, duplicates, imported, select

VIEWS = {"Images": imported.view, "Near duplicates": duplicates.view, "Selection": select.view,
         "What came out": came_out.view}
"""What the page shows of a data set."""
