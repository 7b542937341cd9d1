"""Whether runs can be started here, or only those shown that have been computed already.

TensorFlow is looked for and never imported.
"""

import os
from importlib.util import find_spec

_READ_ONLY = ("No run can be started here, because this dashboard is read-only "
              "(SHIPDASH_READONLY=1): install shipdash on a machine of your own, with `pip install "
              "-r requirements.txt`, and start runs there.")
_NO_TENSORFLOW = ("No run can be started here, because TensorFlow is not installed: `pip install "
                  "-r requirements.txt` installs it.")


def is_read_only() -> bool:
    """Whether nobody may change anything here: visitors of a public dashboard are strangers."""
    return os.environ.get("SHIPDASH_READONLY", "0") not in ("", "0")


def why_no_start() -> str:
    """Why no run can be started and what to install, in a sentence; empty where one can be."""
    if is_read_only():
        return _READ_ONLY
    return _NO_TENSORFLOW if find_spec("tensorflow") is None else ""
