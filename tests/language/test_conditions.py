"""Every refusal that a condition, an anchor or a test can deserve (language.md section 3), one row each."""

from __future__ import annotations

import pytest

from tests.language.small import refused, text

REFUSED = [
    # names
    ("{count: usd}", "unknown_name", "", "'usd' is no event; did you mean 'used'?"),
    ("{count: [usd, usd]}", "unknown_name", "", "'usd' is no event"),
    ("{count: [used, usd]}", "unknown_name", "", "'usd' is no event"),
    ("{count: xyz}", "unknown_name", "", "write one of: signed_up, invited, used, left, changed"),
    ("{count: signup}", "alias_used", "", "write 'signed_up'"),
    ("{count: begun}", "unknown_name", "", "'begun' is a milestone, no event"),
    ("{count: used, reset_by: lft}", "unknown_name", ".reset_by", "did you mean 'left'?"),
    ("{count: used, since: strt}", "unknown_name", ".since", "'strt' is no anchor; did you mean 'start'?"),
    ("{count: used, since: {first: usd}}", "unknown_name", ".since", "'usd' is no event"),
    ("{count: used, since: {last: signup}}", "alias_used", ".since", "'signup' is an alias"),
    ("{count: used, since: strt, slack: 5s}", "unknown_name", ".since", "'strt' is no anchor"),
    ("{elapsed: strt}", "unknown_name", "", "'strt' is no anchor"),
    ("{elapsed: {achieved: redy}}", "unknown_name", ".elapsed", "'redy' is no milestone; did you mean 'ready'?"),
    ("{elapsed: {entered: her}}", "unknown_name", ".elapsed", "'her' is no segment; did you mean 'here'?"),
    ("{elapsed: {dropped: lst}}", "unknown_name", ".elapsed", "'lst' is no drop-off; did you mean 'lost'?"),
    ("{elapsed: {changed: plam}}", "unknown_name", ".elapsed", "'plam' is no attribute; did you mean 'plan'?"),
    ("{elapsed: {attribute: du}}", "unknown_name", ".elapsed", "'du' is no attribute; did you mean 'due'?"),
    ("{ahead: ends, less_than: 1d}", "unknown_name", "", "'ends' is no anchor; did you mean 'end'?"),
    ("{attribute: plam, is: pro}", "unknown_name", "", "'plam' is no attribute"),
    ("{milestone: redy}", "unknown_name", "", "'redy' is no milestone"),
    ("{milestone: lost}", "unknown_name", "", "'lost' is a drop-off, no milestone"),
    ("{segment: her}", "unknown_name", "", "'her' is no segment"),
    ("{dropped: lst}", "unknown_name", "", "'lst' is no drop-off"),
    ("{open: usd, closed_by: left, by: feature}", "unknown_name", "", "'usd' is no event"),
    ("{open: used, closed_by: lft, by: feature}", "unknown_name", ".closed_by", "'lft' is no event"),
    ("{all: [{milestone: redy}]}", "unknown_name", ".all[0]", "'redy' is no milestone"),
    ("{any: [{milestone: redy}]}", "unknown_name", ".any[0]", "'redy' is no milestone"),
    ("{not: {milestone: redy}}", "unknown_name", ".not", "'redy' is no milestone"),
    # properties
    ("{count: used, where: {featur: x}}", "unknown_property", ".where.featur", "did you mean 'feature'?"),
    ("{count: signed_up, where: {x: 1}}", "unknown_property", ".where.x", "of event 'signed_up'; there is none"),
    (
        "{count: [used, left], where: {ok: true}}",
        "unknown_property",
        ".where.ok",
        "'ok' is no property of event 'left'",
    ),
    ("{count: [used, left], distinct: ok}", "unknown_property", ".distinct", "'ok' is no property of event 'left'"),
    ("{open: used, closed_by: left, by: ok}", "unknown_property", ".by", "'ok' is no property of event 'left'"),
    ("{elapsed: {first: left, where: {ok: true}}}", "unknown_property", ".elapsed.where.ok", "of event 'left'"),
    ("{count: [used, left], where: {seconds: x}}", "mixed_types", ".where.seconds", "a number here and a string there"),
    # tests
    ("{attribute: plan}", "no_test", "", "'plan' is tested for nothing; write one of: is, in"),
    ("{count: used, where: {feature: {}}}", "no_test", ".where.feature", "'feature' is tested for nothing"),
    ("{attribute: plan, is: 5}", "wrong_constant", ".is", "5 is no string, but 'plan' is; write it in quotes"),
    ("{attribute: size, is: big}", "wrong_constant", ".is", "'big' is no number"),
    ("{attribute: size, is: true}", "wrong_constant", ".is", "true is no number"),
    ("{attribute: ok, is: 1}", "wrong_constant", ".is", "1 is no boolean, but 'ok' is; write true or false"),
    ("{attribute: due, at_least: 2026-01-01}", "wrong_constant", ".at_least", "write it with date, time and offset"),
    ("{attribute: plan, in: [pro, 5]}", "wrong_constant", ".in[1]", "5 is no string"),
    ("{count: used, where: {seconds: long}}", "wrong_constant", ".where.seconds", "'long' is no number"),
    ("{count: used, where: {seconds: {less_than: long}}}", "wrong_constant", ".where.seconds.less_than", "no number"),
    ("{attribute: plan, at_least: 5}", "wrong_test", ".at_least", "tests numbers and timestamps; 'plan' is a string"),
    ("{attribute: ok, less_than: 5}", "wrong_test", ".less_than", "'ok' is a boolean"),
    ("{count: used, where: {seconds: {starts_with: a}}}", "wrong_test", ".where.seconds.starts_with", "tests strings"),
    ("{attribute: due, ends_with: [a, b]}", "wrong_test", ".ends_with", "'due' is a timestamp"),
    ("{elapsed: {changed: plan, to: 5}}", "wrong_constant", ".elapsed.to", "5 is no string"),
    ("{elapsed: {changed: size, from: big}}", "wrong_constant", ".elapsed.from", "'big' is no number"),
    (
        "{elapsed: {changed: plan, to: null}}",
        "null_value",
        ".elapsed.to",
        "null is no value to change to; leave `to` out",
    ),
    ("{elapsed: {changed: plan, from: }}", "null_value", ".elapsed.from", "null is no value to change from"),
    ("{attribute: plan, is: null}", "null_value", ".is", "nothing stands here"),
    # bounds
    ("{count: used, at_least: 0}", "out_of_bounds", ".at_least", "0 is too small; write 1 or more"),
    ("{count: used, at_most: -1}", "out_of_bounds", ".at_most", "-1 is too small; write 0 or more"),
    ("{count: used, at_least: 1.0}", "wrong_type", ".at_least", "must be a whole number, not 1.0"),
    ("{count: used, at_least: 1, at_most: 2}", "two_bounds", ".at_most", "exclude each other"),
    ("{open: used, closed_by: left, by: feature, at_least: 0}", "out_of_bounds", ".at_least", "1 or more"),
    ("{open: used, closed_by: left, by: feature, at_least: 65}", "open_bound", ".at_least", "write 64 or less"),
    ("{open: used, closed_by: left, by: feature, at_most: 65}", "open_bound", ".at_most", "at most 64 values"),
    ("{open: used, closed_by: left, by: feature, at_least: 1, at_most: 2}", "two_bounds", ".at_most", "keep one"),
    ("{any: [{milestone: ready}], at_least: 0}", "any_bound", ".at_least", "0 of 1 parts"),
    ("{any: [{milestone: ready}], at_least: 2}", "any_bound", ".at_least", "write a number from 1 to 1"),
    ("{all: []}", "empty", ".all", "the list is empty"),
    ("{any: []}", "empty", ".any", "the list is empty"),
    ("{any: [], at_least: 2}", "empty", ".any", "the list is empty"),
    ("{count: []}", "empty", ".count", "the list is empty"),
    ("{attribute: plan, in: []}", "empty", ".in", "the list is empty"),
    ("{attribute: plan, starts_with: ''}", "empty", ".starts_with", "the text is empty"),
    # what goes together
    ("{count: used, slack: 5s}", "slack_without_since", ".slack", "write `since` too"),
    ("{count: used, since: done, slack: 5s}", "slack_without_event", ".slack", "needs an anchor that is an event"),
    (
        "{count: used, since: {changed: plan}, slack: 5s}",
        "slack_without_event",
        ".slack",
        "{first: ...} or {last: ...}",
    ),
    (
        "{count: signed_up, since: start, slack: 5s}",
        "slack_own_event",
        ".slack",
        "'signed_up' is the anchor's own event",
    ),
    ("{count: [left, used], since: {last: [used, changed]}, slack: 5s}", "slack_own_event", ".slack", "'used' is the"),
    ("{count: used, since: end}", "date_anchor", ".since", "dates stand in `elapsed`, `ahead` and `after` only"),
    ("{count: used, since: {attribute: due}, slack: 5s}", "date_anchor", ".since", "no place to count from"),
    ("{ahead: start, less_than: 1d}", "no_date", "", "`ahead` needs a date"),
    ("{ahead: {changed: due}, less_than: 1d}", "no_date", "", "`ahead` needs a date"),
    ("{elapsed: {attribute: plan}}", "no_date", ".elapsed", "needs an attribute of type timestamp; 'plan' is a string"),
    (
        "{open: [used, left], closed_by: left, by: feature}",
        "common_event",
        ".closed_by",
        "'left' cannot open and close",
    ),
    # shape
    ("{counts: used}", "no_operator", "", "no operator stands here; did you mean 'count'?"),
    ("{}", "no_operator", "", "write one of: count, open, elapsed"),
    ("{count: used, milestone: ready}", "two_operators", "", "count and milestone are 2 operators"),
    ("{count: used, since: {first: used, last: used}}", "two_operators", ".since", "first and last are 2 operators"),
    ("used", "wrong_type", "", "must be a condition, such as {count: an_event}, not 'used'"),
    ("[{count: used}]", "wrong_type", "", "must be a condition, such as {count: an_event}, not a list"),
    ("{elapsed: 3}", "wrong_type", ".elapsed", "must be an anchor, or the name of one, such as {first: an_event}"),
    ("{elapsed: {frist: used}}", "no_operator", ".elapsed", "did you mean 'first'?"),
    ("{count: used, where: {feature: [a, b]}}", "wrong_type", ".where.feature", "write {in: [...]}"),
    ("{count: used, since: start, lst: 7d}", "unknown_key", ".lst", "'lst' is no key that can stand here"),
    ("{attribute: plan, iss: pro, known: true}", "unknown_key", ".iss", "did you mean 'is'?"),
    ("{all: [{milestone: ready}], at_least: 1}", "unknown_key", ".at_least", "write 'all'"),
    ("{count: used, where: {feature: {inn: [a], known: true}}}", "unknown_key", ".where.feature.inn", "mean 'in'?"),
    ("{elapsed: {changed: plan, too: pro}}", "unknown_key", ".elapsed.too", "did you mean 'to'?"),
    ("{open: used, closed_by: left}", "missing_key", "", "'by' is missing"),
    ("{ahead: end}", "missing_key", "", "'less_than' is missing"),
    ("{count: used, last: 7}", "bad_duration", ".last", "7 is no duration; write a whole number and a unit"),
    ("{count: used, last: 0d}", "bad_duration", ".last", "'0d' is no duration"),
    ("{count: used, last: 1.5h}", "bad_duration", ".last", "'1.5h' is no duration"),
    ("{count: used, last: 7w}", "bad_duration", ".last", "'7w' is no duration"),
    ("{count: used, last: 99999999d}", "bad_duration", ".last", "'99999999d' is no duration"),
    ("{elapsed: start, less_than: soon}", "bad_duration", ".less_than", "'soon' is no duration"),
]

ACCEPTED = [
    "{count: used, at_most: 0}",
    "{count: [used, used]}",
    "{count: used, where: {}}",
    "{count: [used, left], where: {seconds: {known: true}, feature: {starts_with: [a, b], ends_with: c}}}",
    "{count: used, where: {at: {at_least: 2026-01-01T00:00:00Z, less_than: 2027-01-01T00:00:00.5+02:00}, ok: false}}",
    "{count: used, since: {first: signed_up}, slack: 5s, last: 3d, reset_by: left, distinct: feature}",
    "{count: used, since: done, last: 500ms}",
    "{open: used, closed_by: [left], by: feature, older_than: 2d, at_most: 64}",
    "{elapsed: {last: [used, left], where: {feature: a}}}",
    "{elapsed: end, at_least: 1d, less_than: 0009999999d}",
    "{ahead: {attribute: due}, less_than: 3d}",
    "{attribute: size, in: [1, 2.5], known: true}",
    "{attribute: due, is: 2026-01-01T00:00:00Z}",
    "{elapsed: {changed: plan, to: gold, from: free}}",
    "{any: [{milestone: ready}, {not: {dropped: lost}}], at_least: 2}",
]


@pytest.mark.parametrize(("when", "code", "path", "message"), REFUSED)
def test_a_condition_is_refused_with_its_place_and_what_to_write_instead(
    when: str, code: str, path: str, message: str
) -> None:
    """One mistake is one problem."""
    [problem] = refused(text(segments=f"{{here: {{when: {when}}}}}"))

    assert (problem.code, problem.path, problem.line) == (code, f"segments.here.when{path}", 8)
    assert message in problem.message


@pytest.mark.parametrize("when", ACCEPTED)
def test_what_the_language_does_not_refuse_is_accepted(when: str) -> None:
    """The other side of each boundary."""
    assert refused(text(segments=f"{{here: {{when: {when}}}}}")) == []
