"""The parts of the page *Your data*; the page itself is in ``pages``."""
