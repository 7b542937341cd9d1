"""Events survive the way to disk and back; what is no event is refused."""

import json

import pytest

from shipdash.records import (
    Picked,
    RunState,
    Scanned,
    Stopped,
    StopReason,
    Trained,
    from_json,
    to_json,
)

EVENTS = [
    Trained(n_core=11, n_steps=40, n_images=640, score=0.8636, loss=0.0666, seconds=1.5),
    Scanned(round=0, position=40, n_tested=2, indices=(7, 3), ious=(0.91, 1.0), n_forward=16,
            n_wasted=3, seconds=0.25),
    Scanned(round=1, position=0, n_tested=0, indices=(), ious=(), n_forward=0, n_wasted=0,
            seconds=0.0),
    Picked(round=0, index=17, position=41, n_core=12, n_tested=42, iou=0.4375, score=0.0),
    Picked(round=0, index=5, position=0, n_core=1, n_tested=1, iou=None, score=None),
    *(Stopped(reason=reason, n_core=12, n_tested=100, n_rounds=1) for reason in StopReason),
]  # fmt: skip


@pytest.mark.parametrize("event", EVENTS, ids=lambda e: type(e).__name__)
def test_an_event_survives_json(event):
    """Equal, of the same type, and with fields of the same types: tuples and reasons too."""
    back = from_json(json.loads(json.dumps(to_json(event), allow_nan=False)))
    assert back == event
    assert type(back) is type(event)
    assert [type(value) for value in back] == [type(value) for value in event]


def test_the_kind_stands_beside_the_fields():
    """The form on disk, as documented."""
    line = to_json(EVENTS[0])
    assert line["kind"] == "trained"
    assert set(line) == {"kind", *Trained._fields}


def test_floats_come_back_bit_for_bit():
    """A resumed log must equal the one that was never stopped."""
    event = EVENTS[0]._replace(score=0.1 + 0.2, loss=1 / 3, seconds=5e-324)
    assert from_json(json.loads(json.dumps(to_json(event)))) == event


def test_reading_leaves_the_line_as_it_was():
    """A reader may hand one line to two consumers."""
    line = to_json(EVENTS[3])
    from_json(line)
    assert line == to_json(EVENTS[3])


@pytest.mark.parametrize(
    "line",
    [{}, {"kind": "retrained"}, {"kind": "picked", "index": 3},
     {**to_json(EVENTS[0]), "colour": "red"}, {**to_json(EVENTS[-1]), "reason": "bored"},
     {**to_json(EVENTS[-1]), "reason": []}, {**to_json(EVENTS[0]), "n_core": "11"},
     {**to_json(EVENTS[0]), "n_core": 1.5}, {**to_json(EVENTS[0]), "n_core": True},
     {**to_json(EVENTS[0]), "seconds": None}, {**to_json(EVENTS[3]), "iou": "0.4"},
     {**to_json(EVENTS[1]), "indices": 7}, {**to_json(EVENTS[1]), "ious": [None, 1.0]},
     {**to_json(EVENTS[1]), "indices": "73"}],
    ids=["no kind", "unknown kind", "missing field", "field too many", "unknown reason",
         "reason of a kind", "count as text", "half a count", "truth as a count", "no time",
         "text as IoU", "no list", "list with a gap", "text as list"],
)  # fmt: skip
def test_what_is_no_event_is_refused(line):
    """A damaged log is named, not half read."""
    with pytest.raises(ValueError):
        from_json(line)


def test_the_refusal_lists_the_kinds():
    """An error says what must hold and what came."""
    with pytest.raises(ValueError, match=r"picked, set_aside, stopped. Received: .*retr"):
        from_json({"kind": "retrained"})


@pytest.mark.parametrize("kind", [RunState, StopReason])
def test_states_and_reasons_are_their_own_words(kind):
    """status.json holds the word itself, and the word finds the member again."""
    for member in kind:
        assert json.loads(json.dumps(member)) == member.value == member.name.lower()
        assert kind(member.value) is member
