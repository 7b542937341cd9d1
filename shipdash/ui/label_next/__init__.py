"""The parts of the page *Label next*; the page itself is in ``pages``."""
