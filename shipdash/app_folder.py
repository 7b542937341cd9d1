"""Where the dashboard's pages are: beside the package in a checkout, else where pip puts data."""

import sys
from pathlib import Path


def app_folder() -> Path:
    """The folder of ``app.py`` and ``pages/``."""
    checkout = Path(__file__).parents[1]
    if (checkout / "pages" / "2_Run.py").exists():
        return checkout
    return Path(sys.prefix) / "share" / "shipdash"
