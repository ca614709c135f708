"""The people of the demo: what each does with the product, and when.

A person is a temperament, played with dice of their own, as an endless or ended sequence of actions in the order in
which they happen. A day is a second, as in ops/journeys/demo.yaml, whose rules these people are there to meet or miss.
Does not know: the rules, JSON, how an action travels (demo_product does).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random
from typing import NamedTuple

DAY_MS = 1_000
TRIAL_DAYS = 14
CONTRACT_DAYS = 18
PRICE = 49.0
INTENTS = ("weekly_reporting", "weekly_reporting", "segmentation", "campaigns", "we just look around")
INTEGRATIONS = ("crm", "warehouse", "chat", "billing")
AREAS = {"dashboards": "insight", "alerts": "insight", "exports": "data", "tags": "data", "comments": "team"}
KEY_FEATURES = ("dashboards", "alerts")
OTHER_FEATURES = ("exports", "tags", "comments")

Value = str | float


class Action(NamedTuple):
    """Something that somebody did at an instant (ms since the epoch)."""

    at_ms: int
    type: str
    properties: Mapping[str, Value]


Actions = Iterator[Action]


@dataclass
class Life:
    """The dice of one person and the instant at which they are. An action always takes a few ms."""

    dice: Random
    at_ms: int

    def did(self, event: str, **properties: Value) -> Action:
        """The person acts, now."""
        self.at_ms += self.dice.randint(3, 60)
        return Action(self.at_ms, event, properties)

    def wait(self, least_days: float, most_days: float) -> None:
        """Time goes by."""
        self.at_ms += round(self.dice.uniform(least_days, most_days) * DAY_MS)

    def in_days(self, days: float) -> str:
        """A date that far ahead, as RFC 3339."""
        ahead = datetime.fromtimestamp((self.at_ms + days * DAY_MS) / 1_000, UTC)
        return ahead.isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def chance(self, share: float) -> bool:
        """True for this share of the people."""
        return self.dice.random() < share


# -- what people do ----------------------------------------------------------------------------------------------------
def sign_up(life: Life, email: str = "someone@customer.example") -> Actions:
    """They leave their name, say what they came for, and look around for the first time."""
    yield life.did("user_signed_up")
    yield life.did("subscription_changed", plan="pro", trial_ends_at=life.in_days(TRIAL_DAYS))
    yield life.did("profile_changed", intent=life.dice.choice(INTENTS), email=email)
    yield life.did("logged_in")
    yield from browse(life)


def browse(life: Life) -> Actions:
    """Pages that no rule asks for: most of what a product writes is like this."""
    for _ in range(life.dice.choice((0, 0, 1, 2))):
        yield life.did("page_viewed", page=life.dice.choice(("home", "docs", "settings", "inbox")))


def set_up(life: Life) -> Actions:
    """Integrations, then the button that says that it is done."""
    for integration in life.dice.sample(INTEGRATIONS, life.dice.choice((1, 1, 2, 3))):
        life.wait(0.1, 0.9)
        yield life.did("integration_connected", integration_type=integration)
        if life.chance(0.1):
            life.wait(2, 4)
            yield life.did("integration_removed", integration_type=integration)
    yield life.did("setup_completed")


def use(life: Life, features: tuple[str, ...]) -> Actions:
    """One feature, with some pages around it; some attempts fail first."""
    yield from browse(life)
    feature = life.dice.choice(features)
    if life.chance(0.05):
        yield from fail(life, life.dice.choice((1, 1, 2, 3)))
    yield life.did("feature_used", feature=feature, area=AREAS[feature], outcome="success")


def fail(life: Life, times: int) -> Actions:
    """The same workflow again and again, without success."""
    for _ in range(times):
        life.wait(0.1, 0.5)
        yield life.did("workflow_failed")


def visit(life: Life, features: tuple[str, ...] = KEY_FEATURES + OTHER_FEATURES) -> Actions:
    """A day with the product."""
    yield life.did("logged_in")
    for _ in range(life.dice.choice((1, 1, 2))):
        life.wait(0.02, 0.15)
        yield from use(life, features)


def study_prices(life: Life) -> Actions:
    """A session on the pricing page, which is reloaded more than once."""
    session = f"s-{life.dice.getrandbits(32):08x}"
    for _ in range(life.dice.randint(1, 4)):
        yield life.did("pricing_viewed", session_id=session)
        life.wait(0.01, 0.1)


def pay(life: Life) -> Actions:
    """An invoice, and with it the day of the next one."""
    yield life.did("invoice_paid", amount=PRICE)
    yield life.did("subscription_changed", plan="pro", renews_at=life.in_days(CONTRACT_DAYS))


def get_going(life: Life) -> Actions:
    """The key feature, mostly a segment, and a campaign sooner or later or never."""
    life.wait(0.2, 1.5)
    yield from use(life, KEY_FEATURES)
    if life.chance(0.1):
        return
    life.wait(0.5, 2)
    yield life.did("segment_created")
    if life.chance(0.4):
        life.wait(0, 2)
        yield life.did("teammate_invited")
    if life.chance(0.72):
        life.wait(1, 5)
        yield life.did("campaign_launched")
    elif life.chance(0.5):
        yield from keep_coming(life, days=life.dice.uniform(7, 12))
        yield life.did("campaign_launched")


def keep_coming(life: Life, days: float) -> Actions:
    """A visit every other day."""
    end_ms = life.at_ms + round(days * DAY_MS)
    while life.at_ms < end_ms:
        life.wait(0.5, 3)
        yield from visit(life)


def keep_going(life: Life, days: float = 1_000) -> Actions:
    """They keep coming; most of them pay near the end of the trial, and then each term."""
    if life.chance(0.25):
        yield from keep_coming(life, days)
        return
    end_ms = life.at_ms + round(days * DAY_MS)
    yield from keep_coming(life, life.dice.uniform(2, 7))
    while life.at_ms < end_ms:
        yield from pay(life)
        yield from keep_coming(life, CONTRACT_DAYS - 1)


# -- temperaments ------------------------------------------------------------------------------------------------------
def engaged(life: Life) -> Actions:
    """They came with a purpose and stay."""
    yield from sign_up(life)
    yield from set_up(life)
    yield from get_going(life)
    yield from keep_going(life)


def evaluator(life: Life) -> Actions:
    """They compare prices before they try; a call or a longer trial wins some of them."""
    yield from sign_up(life)
    for _ in range(life.dice.randint(2, 5)):
        life.wait(0.8, 2.5)
        yield life.did("logged_in")
        yield from study_prices(life)
    if life.chance(0.3):
        life.wait(0, 3)
        yield life.did("subscription_changed", plan="enterprise", trial_ends_at=life.in_days(TRIAL_DAYS))
    if life.chance(0.4):
        yield from set_up(life)
        yield from get_going(life)
        yield from keep_going(life)


def stalled(life: Life) -> Actions:
    """They set everything up and then use only what is beside the point; half of them find it after all."""
    yield from sign_up(life)
    yield from set_up(life)
    for _ in range(life.dice.randint(1, 4)):
        life.wait(1, 2.5)
        yield from visit(life, OTHER_FEATURES)
    life.wait(4, 12)
    if life.chance(0.5):
        yield life.did("logged_in")
        yield from get_going(life)
        yield from keep_going(life)


def gone_quiet(life: Life) -> Actions:
    """A habit that ends one day; half of them come back."""
    yield from sign_up(life)
    yield from set_up(life)
    yield from get_going(life)
    yield from keep_going(life, days=life.dice.uniform(3, 12))
    if life.chance(0.5):
        life.wait(9, 18)
        yield from keep_going(life)


def unlucky(life: Life) -> Actions:
    """Nothing works for them, until it does or they give up."""
    yield from sign_up(life)
    yield from set_up(life)
    for _ in range(life.dice.randint(1, 4)):
        life.wait(1, 3)
        yield life.did("logged_in")
        yield from fail(life, life.dice.randint(2, 6))
    if life.chance(0.5):
        yield from get_going(life)
        yield from keep_going(life)


def tourist(life: Life) -> Actions:
    """They look in once or twice, and that was it."""
    yield from sign_up(life)
    if life.chance(0.5):
        life.wait(1, 6)
        yield life.did("logged_in")
        yield from browse(life)


def colleague(life: Life) -> Actions:
    """One of the company's own people, who tests with an account of their own."""
    yield from sign_up(life, email=f"tester{life.dice.randint(1, 99)}@acme.test")
    yield from set_up(life)
    yield from get_going(life)
    yield from keep_going(life)


Temperament = Callable[[Life], Actions]

# Of a hundred who sign up.
TEMPERAMENTS: Mapping[Temperament, int] = {
    engaged: 34,
    evaluator: 14,
    stalled: 16,
    gone_quiet: 14,
    unlucky: 8,
    tourist: 11,
    colleague: 3,
}
