"""How a command is added to the parser, with the options that many commands have."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from typing import Any


def add_command(below: Any, name: str, function: Callable[[argparse.Namespace], int], *,
                runs: bool = True) -> argparse.ArgumentParser:
    """The parser of a command that `function` carries out and whose docstring says what it does.

    With `runs` it works on the runs of a folder.
    """
    sub = below.add_parser(name, help=function.__doc__.split("\n")[0],
                           description=function.__doc__)
    if runs:
        sub.add_argument("--runs", default=os.environ.get("SHIPDASH_RUNS"), metavar="DIR",
                         help="runs folder (default: $SHIPDASH_RUNS, else ./runs)")
    sub.add_argument("--json", action="store_true", help="print one JSON value at the end")
    sub.set_defaults(command=function)
    return sub
