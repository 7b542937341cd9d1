"""``python -m benchmarks``: its options and what it prints. It measures nothing itself."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from benchmarks.child import BenchError
from benchmarks.report import table
from benchmarks.sections import SECTIONS, measured
from benchmarks.stored import keep, page, reports
from shipdash.config import ConfigError


def main(argv: list[str] | None = None) -> int:
    """Measure this machine: a run's parts, the article's program, memory, growth, the server."""
    args = _parser().parse_args(argv)
    try:
        return _measure(args)
    except (ConfigError, BenchError) as error:
        print(f"benchmarks: {error}", file=sys.stderr)
        return 2 if isinstance(error, ConfigError) else 1


def _measure(args: argparse.Namespace) -> int:
    if args.table:
        stored = reports()
        print(json.dumps([report.to_dict() for report in stored]) if args.json else page(stored))
        return 0
    names = _sections(args)
    found = []
    for name in names:
        print(f"benchmarks: measuring {name}", file=sys.stderr, flush=True)
        found.append(measured(name, quick=args.quick, repeats=args.repeats))
        if args.keep:
            print(f"benchmarks: kept {keep(found[-1])}", file=sys.stderr)
        if not args.json:
            print(table(found[-1]), flush=True)
    written = [report.to_dict() for report in found]
    if args.out:
        _write(Path(args.out), written)
    if args.json:
        print(json.dumps(written))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=main.__doc__)
    parser.add_argument("--only", metavar="SECTIONS", help=", ".join(SECTIONS))
    parser.add_argument("--quick", action="store_true",
                        help="small sizes: a few minutes to see that all of it works")
    parser.add_argument("--repeats", type=int, default=3, metavar="N",
                        help="repeats whose median is given (default: 3)")
    parser.add_argument("--out", metavar="FILE", help="also write everything as JSON there")
    parser.add_argument("--keep", action="store_true",
                        help="also store each section under benchmarks/results")
    parser.add_argument("--table", action="store_true", help="measure nothing: show what is stored")
    parser.add_argument("--json", action="store_true", help="end with one JSON value")
    return parser


def _sections(args: argparse.Namespace) -> list[str]:
    names = args.only.split(",") if args.only is not None else list(SECTIONS)
    for name in names:
        if name not in SECTIONS:
            raise ConfigError("only", name, f"must be some of {', '.join(SECTIONS)}")
    if not 1 <= args.repeats <= 100:
        raise ConfigError("repeats", args.repeats, "must be a whole number from 1 to 100")
    if args.keep and args.quick:
        raise ConfigError("keep", True, "must not stand with --quick: small sizes are no result")
    return names


def _write(path: Path, written: list[dict]) -> None:
    try:
        path.write_text(json.dumps(written, indent=1) + "\n")
    except OSError as error:
        raise BenchError(f"cannot write {path}: {error.strerror}; choose another --out") from None


if __name__ == "__main__":
    sys.exit(main())
