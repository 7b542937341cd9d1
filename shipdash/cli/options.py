"""How a command is added to the parser and carried out, what it prints, and what several commands
do with files that are named."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from shipdash.config import ConfigError, parse_setting
from shipdash.data.errors import DataError, Stopped, explained
from shipdash.runs import StoreError

RESUME = "`resume` continues from the last checkpoint"
"""What a KeyboardInterrupt says that ends the work on a run."""


def carried_out(parser: argparse.ArgumentParser, argv: list[str] | None = None) -> int:
    """Do what the words ask for; 0 for success, 1 for a failure, 2 for invalid settings or options.
    """
    args = parser.parse_args(argv)
    try:
        code = args.command(args)
        sys.stdout.flush()
        return code
    except BrokenPipeError:  # `| head` has read enough; Python would flush again when it ends
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except (ConfigError, StoreError, DataError) as error:
        print(f"shipdash: {error}", file=sys.stderr)
        return 130 if isinstance(error, Stopped) else 2 if isinstance(error, ConfigError) else 1
    except KeyboardInterrupt as stop:  # with the advice of whoever knows how to go on
        print("; ".join(["shipdash: stopped", *map(str, stop.args)]), file=sys.stderr)
        return 130


def print_outcome(outcome: dict, as_json: bool) -> None:
    """One JSON value, or a line for each name."""
    if as_json:
        print(json.dumps(outcome))
        return
    for name, value in outcome.items():
        if name == "core":
            value = ", ".join(map(str, value[:12])) + (" ..." if len(value) > 12 else "")
        elif isinstance(value, dict | tuple):
            value = json.dumps(value)
        print(f"{name:<14} {'–' if value is None else value}")


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


def number(text: str) -> int | float | str:
    """A number if the text is one; otherwise the text, which the config then refuses."""
    value = parse_setting(f"selection.precision={text}")[1]
    return text if value is None else value  # "null" must not read as "not given"


@contextlib.contextmanager
def writing_to(out: Path) -> Iterator[None]:
    """Make the folder of `--out`; `DataError` where it cannot be written to."""
    with explained(f"cannot write to {out}", "choose another --out"):
        out.mkdir(parents=True, exist_ok=True)
        yield


def read_text(option: str, file: str) -> str:
    """A text file that a person named, whose editor or spreadsheet may have begun it with a mark.
    """
    try:
        return Path(file).read_text("utf-8-sig")
    except (OSError, ValueError) as error:
        raise ConfigError(option, file, "must be a text file that can be read "
                          f"({getattr(error, 'strerror', None) or error})") from None
