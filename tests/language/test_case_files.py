"""Case files: what is read, and every way in which one is refused, with its place and what to write instead."""

from __future__ import annotations

from pathlib import Path

import pytest

from streams.language.cases import Case, CaseError, FeedLine, instant, read_cases
from streams.replay.cases import run_case
from tests.language.small import journey

FEED = "2026-03-02T10:00:00.000  u1  signed_up"
ROW = "u1  achieved  begun  2026-03-02T10:00:00.000"


def text(feed: str = FEED, expect: str = ROW, **more: str) -> str:
    """A case file with one case; `more` are further keys of it."""
    lines = "".join(f"    {key}: {value}\n" for key, value in more.items())
    return (
        f"journey: small.yaml\ncases:\n  - name: one\n{lines}    feed: |\n      {feed}\n    expect: |\n      {expect}\n"
    )


def case_of(folder: Path, content: str) -> Case:
    """The only case of a file with this content."""
    path = folder / "cases.yaml"
    path.write_text(content)
    [case] = read_cases(path).cases
    return case


def test_a_line_has_an_arrival_and_what_is_not_said_follows_from_it(tmp_path: Path) -> None:
    """occurred_at is the arrival, the id is the number of the line; comments and empty lines count as lines."""
    feed = f"# first\n\n      {FEED}\n      2026-03-02T11:00:00+01:00 tick"

    case = case_of(tmp_path, text(feed))

    at = instant("", "2026-03-02T10:00:00Z")
    first = FeedLine(at, "u1", "signed_up", {}, "2026-03-02T10:00:00+00:00", "l0003")
    assert case.feed == (first, FeedLine(at))


def test_a_line_can_say_everything(tmp_path: Path) -> None:
    """Properties as in a journey file, where a timestamp is text; when it occurred; its id."""
    feed = f"{FEED} {{n: 1, at: 2026-03-02T10:00:00Z, no: null}} @2026-03-02T09:59:59.999 #e1"

    [line] = case_of(tmp_path, text(feed)).feed

    assert line.properties == {"n": 1, "at": "2026-03-02T10:00:00Z", "no": None}
    assert (line.occurred_at, line.id) == ("2026-03-02T09:59:59.999000+00:00", "e1")


def test_a_row_says_what_is_compared(tmp_path: Path) -> None:
    """And that it stands, unless it says that it was taken back."""
    rows = f"{ROW} ep=2 rev=1 from=a to=b cause=deadline retracted\n      {ROW}"

    told, plain = case_of(tmp_path, text(expect=rows)).expect

    assert {key: told[key] for key in ("episode", "revision", "from", "to", "cause", "retracted")} == {
        "episode": 2,
        "revision": 1,
        "from": "a",
        "to": "b",
        "cause": "deadline",
        "retracted": True,
    }
    assert sorted(plain) == ["effective_at", "entity_id", "kind", "retracted", "rule"]
    assert plain["retracted"] is False


def test_a_case_overrides_times_and_unsets_them(tmp_path: Path) -> None:
    """A null unsets."""
    case = case_of(
        tmp_path, text(time="{allowed_lateness: 2h, history_from: null, future_skew: 1m}", only="[begun]", net="true")
    )

    assert case.time == {"allowed_lateness": "2h", "history_from": None, "future_skew": "1m"}
    assert case.only == {"begun"}
    assert case.net


REFUSED = [
    ("[]", "cases.yaml: write `journey: FILE` and `cases: [...]` at the top level"),
    ("journey: small.yaml", "write `journey: FILE` and `cases: [...]`"),
    ("journey: small.yaml\ncases: {a: b}", "write `journey: FILE` and `cases: [...]`"),
    ("journey: small.yaml\njourney: other.yaml\ncases: []", "cases.yaml:2 journey: "),
    ("journey: [", "cases.yaml:1"),
    ("journey: small.yaml\ncases: [one]", "cases.yaml: case 1: a case has `name`, `feed` and `expect`"),
    ("journey: small.yaml\ncases: [{name: one, feed: ''}]", "case 1: a case has `name`, `feed` and `expect`"),
    (text(onyl="[begun]"), "case 1: unknown key onyl"),
    (text(only="begun"), "case 1: `only` is a list of rules, as in [begun]"),
    (text(time="[24h]"), "case 1: `time` overrides allowed_lateness, future_skew, history_from and nothing else"),
    (text(time="{lateness: 24h}"), "case 1: `time` overrides allowed_lateness, future_skew, history_from"),
    (text(time="{allowed_lateness: 24}"), "case 1: time.allowed_lateness: '24' is no duration; write one as in 24h"),
    (text(time="{future_skew: 5 minutes}"), "case 1: time.future_skew: '5 minutes' is no duration"),
    (
        text(time="{history_from: 2026-13-01T00:00:00Z}"),
        "case 1: time.history_from: '2026-13-01T00:00:00Z' is no instant; write one as in 2026-01-31T00:00:00Z",
    ),
    (text(time="{history_from: 2026-01-01}"), "case 1: time.history_from: '2026-01-01' is no instant"),
    (text(feed="2026-03-02T10:00:00"), "case 1, feed line 1: '2026-03-02T10:00:00' is not `ARRIVAL ENTITY EVENT"),
    (text(feed="yesterday tick"), "case 1, feed line 1: 'yesterday' is no timestamp"),
    (text(feed=f"{FEED} @soon"), "case 1, feed line 1: 'soon' is no timestamp"),
    (text(feed=f"{FEED} {{a: [}}"), "case 1, feed line 1:1"),
    (text(expect="u1 achieved begun"), "case 1, expect line 1: 'u1 achieved begun' is not `ENTITY KIND RULE EFFECTIVE"),
    (text(expect="u1 achieved begun now"), "case 1, expect line 1: 'now' is no timestamp"),
    (text(expect=f"{ROW} ep=one"), "case 1, expect line 1: 'ep=one' is none of ep= rev= from= to= cause= retracted"),
    (text(expect=f"{ROW} to="), "case 1, expect line 1: 'to=' is none of ep= rev="),
    (text(expect=f"{ROW} gone"), "case 1, expect line 1: 'gone' is none of ep= rev="),
]


@pytest.mark.parametrize(("content", "message"), REFUSED)
def test_a_case_file_is_refused_with_its_place_and_what_to_write_instead(
    tmp_path: Path, content: str, message: str
) -> None:
    """The first mistake ends it."""
    path = tmp_path / "cases.yaml"
    path.write_text(content)

    with pytest.raises(CaseError) as refused:
        read_cases(path)

    assert message in str(refused.value)


def test_a_case_that_compares_a_rule_that_does_not_exist_proves_nothing_and_is_refused(tmp_path: Path) -> None:
    """Otherwise it would pass without a word."""
    case = case_of(tmp_path, text(only="[begun, redy]"))

    with pytest.raises(ValueError, match="case 'one': `only` names what is no rule of small: redy"):
        run_case(case, journey())


def test_a_case_runs_with_the_times_that_it_overrides(tmp_path: Path) -> None:
    """With a log that begins after the signup, a first login is not known to be the first."""
    cases = [case_of(tmp_path, text(time=f"{{history_from: {since}}}")) for since in ("2026-03-02T10:00:00Z", "null")]
    other = case_of(tmp_path, text(feed="2026-03-02T10:00:00.000  u1  used", time="{allowed_lateness: 1h}"))

    assert not any(any(run_case(case, journey())) for case in cases)
    assert any(run_case(other, journey()))
