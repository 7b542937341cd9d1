"""How a command is added to the parser, and what several commands do with files that are named."""

from __future__ import annotations

import argparse
import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from shipdash.config import ConfigError
from shipdash.data.files import DataError


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


@contextlib.contextmanager
def writing_to(out: Path) -> Iterator[None]:
    """Make the folder of `--out`; `DataError` where it cannot be written to."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        yield
    except OSError as error:
        raise DataError(f"cannot write to {out}: {error.strerror}; choose another --out") from None


def read_text(option: str, file: str) -> str:
    """A text file that a person named, whose editor or spreadsheet may have begun it with a mark.
    """
    try:
        return Path(file).read_text("utf-8-sig")
    except (OSError, ValueError) as error:
        raise ConfigError(option, file, "must be a text file that can be read "
                          f"({getattr(error, 'strerror', None) or error})") from None
