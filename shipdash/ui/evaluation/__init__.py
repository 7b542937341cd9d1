"""The Evaluation page, view by view."""
