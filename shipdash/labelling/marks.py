"""What people said of images: an append-only log beside the data set. Nothing in it is changed.

    data/<name>/label/marks.jsonl   one JSON object a line: a mark, or an undo that names one
    data/<name>/label/marks.lock    held while a line is appended

Of two who mark one image both lines stay, and the later one counts. A line is on the disk before
`add` returns; one that a killed process left half written was never confirmed and is dropped.
"""

from __future__ import annotations

import contextlib
import datetime
import json
import re
import secrets
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from shipdash.config import ConfigError
from shipdash.data import files
from shipdash.data.file_names import FORMULA
from shipdash.data.files import DataError
from shipdash.labelling.rankings import LABEL
from shipdash.runs import StoreError, locks
from shipdash.runs.event_log import LineWriter

MARKS = ("right", "wrong", "skip")
"""The prediction is right; it is wrong, so a person should label the image; no answer."""

UNDO = "undo"
WAIT_S = 10.0  # for whoever appends just now; a line takes milliseconds
_WHO = re.compile(rf"(?!{FORMULA})[^\x00-\x1f\x7f]{{1,64}}")


class Mark(NamedTuple):
    """One line of the log."""

    id: str  # 16 hexadecimal digits, of this line alone
    when: str  # ISO 8601, UTC, to the microsecond
    who: str
    number: int  # of the image in its data set
    mark: str  # one of `MARKS`, or `UNDO`
    undoes: str = ""  # of an undo: the id of the line that it takes back
    ranking: str = ""  # the ranking that was looked at; empty where none was


class Marks:
    """The marks of one data set; `ConfigError` where it is not stored here."""

    def __init__(self, data: str) -> None:
        folder = files.place_of(data)  # a sample that is not stored is in a temporary one
        self.data, self.n = data, int(files.read_manifest(folder)["n"])
        self.path = folder / LABEL / "marks.jsonl"

    def add(self, number: int, mark: str, who: str, ranking: str = "") -> Mark:
        """Say of an image what it is; what was appended.

        Raises
        ------
        ConfigError
            There is no such image or mark, or the name is empty or not one line.
        DataError
            The log cannot be written.
        """
        line = self._checked(Mark(secrets.token_hex(8), "", who, number, mark, "", ranking))
        with self._writing() as append:
            line = line._replace(when=_now(self.log()))
            append(line)
        return line

    def check(self, number: int, mark: str, who: str) -> None:
        """What `add` would refuse is refused here, as a `ConfigError`; nothing is written."""
        self._checked(Mark("", "", who, number, mark))

    def undo(self, who: str) -> Mark | None:
        """Take back the newest mark of this person that still stands; None where there is none."""
        with self._writing() as append:
            log = self.log()
            mine = [line for line in _not_undone(log) if line.who == who]
            if not mine:
                return None
            last = mine[-1]
            append(self._checked(Mark(secrets.token_hex(8), _now(log), who, last.number, UNDO,
                                      last.id)))
            return last

    def merge(self, lines: Iterable[Mark]) -> int:
        """Append the lines of another log that are not here; how many there were.

        Raises
        ------
        ConfigError
            A line is of no image here, or is none. Nothing is appended then.
        """
        given = [self._checked(line) for line in lines]
        with self._writing() as append:
            there = {line.id for line in self.log()}
            new = {line.id: line for line in given if line.id not in there}
            for line in new.values():
                append(line)
        return len(new)

    def log(self) -> list[Mark]:
        """Every line in the order of time, undone ones among them; a torn last line is left."""
        lines = self._whole().splitlines()
        try:
            found = [Mark(**json.loads(line)) for line in lines]
        except (ValueError, TypeError, RecursionError) as error:
            raise DataError(f"{self.path} is damaged ({error}): repair or remove that line"
                            ) from None
        return sorted(found, key=lambda line: line.when)  # stable: merged lines may be older

    def standing(self) -> dict[int, Mark]:
        """The mark that counts of each image: the newest that nobody has taken back."""
        return {line.number: line for line in _not_undone(self.log())}

    def _whole(self) -> bytes:
        """The log up to the end of its last whole line."""
        try:
            text = self.path.read_bytes()
        except FileNotFoundError:
            return b""
        except OSError as error:
            raise DataError(f"{self.path} cannot be read: {error.strerror}") from None
        return text[:text.rfind(b"\n") + 1]

    @contextlib.contextmanager
    def _writing(self) -> Iterator:
        """What appends a line; nobody else does meanwhile, and at the end all is on the disk."""
        try:
            self.path.parent.mkdir(exist_ok=True)
            with locks.held(self.path.with_suffix(".lock"), WAIT_S) as ours:
                if not ours:
                    raise DataError("another process has held "
                                    f"{self.path.with_suffix('.lock')} for "
                                    f"more than {WAIT_S:.0f} s: end it and mark again")
                with LineWriter(self.path) as writer:
                    writer.truncate(len(self._whole()))
                    yield lambda line: writer.write(line._asdict())
                    writer.flush()
        except (OSError, StoreError) as error:
            raise DataError(f"cannot write to {self.path.parent}: "
                            f"{getattr(error, 'strerror', None) or error}") from None

    def _checked(self, line: Mark) -> Mark:
        if isinstance(line.number, bool) or not isinstance(line.number, int) \
                or not 0 <= line.number < self.n:
            raise ConfigError("number", line.number, f"must be from 0 to {self.n - 1:,}, an image "
                              f"of the data set {self.data}")
        if line.mark not in (*MARKS, UNDO) or (line.mark == UNDO) != bool(line.undoes):
            raise ConfigError("mark", line.mark, f"must be one of {', '.join(MARKS)}, or an undo "
                              "that names a line")
        if not is_name(line.who):
            raise ConfigError("who", line.who, "must be a name of one line, at most 64 characters, "
                              "that does not begin with a space, =, +, - or @")
        return line


def _not_undone(log: list[Mark]) -> list[Mark]:
    undone = {line.undoes for line in log}
    return [line for line in log if line.mark != UNDO and line.id not in undone]


def is_name(who: str) -> bool:
    """Whether a mark can be of somebody of that name: one line, at most 64 characters,
    and no formula."""
    return bool(_WHO.fullmatch(who))


def default_who() -> str:
    """The name of whoever is logged in here; *somebody* where the system has none."""
    import getpass

    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "somebody"


def _now(log: list[Mark]) -> str:
    """The time, and never before the log's last line: clocks are set back, and the later counts."""
    now = datetime.datetime.now(datetime.UTC).isoformat(timespec="microseconds")
    return max(now, log[-1].when) if log else now
