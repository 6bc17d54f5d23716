"""The status as numbers for Prometheus. No label names anybody: states, outcomes, large providers."""

from collections.abc import Iterator, Mapping

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from feedsvc.web.status import Status


def exposition(status: Status) -> bytes:
    """Write the status in the text format of Prometheus."""
    registry = CollectorRegistry()
    registry.register(_Once(status))
    return generate_latest(registry)


class _Once(Collector):
    """Gives what one status says."""

    def __init__(self, status: Status) -> None:
        self._status = status

    def collect(self) -> Iterator[Metric]:
        """Give every family that this process can tell of."""
        status = self._status
        yield _by("mails", "Mails in hand, by state.", "state", status.mails)
        about = "Mails in hand that were put off, by group of receiving domains."
        yield _by("mails_deferred", about, "group", status.deferred)
        yield from _plain(status)
        yield from _outside(status)
        if status.outcomes is not None:
            about = "What became of mails since this process started."
            outcomes = CounterMetricFamily("feedsvc_outcomes", about, labels=["outcome"])
            for outcome, number in status.outcomes.items():
                outcomes.add_metric([outcome], number)
            yield outcomes
            yield _one("relay_problem", "1 while the relay is in trouble.", status.relay_problem)
            about = "How long the relay is left alone from now on."
            yield _one("relay_rest_seconds", about, status.rest_seconds)
            about = "Mails that this process sent a second, over the last minute."
            yield _one("sent_per_second", about, status.sent_per_second)


def _plain(status: Status) -> Iterator[Metric]:
    """Give what needs no label."""
    halted = sum(one.halted is not None for one in status.stopped)
    yield _one("problem", "1 while the timetable fails.", status.problem)
    yield _one("mails_claimed", "Mails that a connection has claimed.", status.claimed)
    about = "Mails refused for a fault of ours that wait for a resume."
    yield _one("mails_held", about, status.held)
    age = status.oldest_in_hand_seconds
    yield _one("oldest_in_hand_seconds", "Age of the oldest mail in hand.", age)
    if status.last_tick_seconds is not None:
        about = "Time since the last tick of the timetable."
        yield _one("last_tick_seconds", about, status.last_tick_seconds)
    about = "Notices whose fan-out has not ended."
    yield _one("fan_outs_open", about, status.fan_outs_open)
    about = "Sign-ups that have not been worked off."
    yield _one("sign_ups_waiting", about, status.sign_ups_waiting)
    about = "People whose confirm mail waits its turn."
    yield _one("asks_waiting", about, status.asks_waiting)
    about = "How long the first of them waits."
    yield _one("oldest_ask_seconds", about, status.oldest_ask_seconds)
    yield _one("mailings_halted", "Mailings that stopped by themselves.", halted)
    by_hand = len(status.stopped) - halted
    yield _one("mailings_paused", "Mailings that somebody paused.", by_hand)


def _outside(status: Status) -> Iterator[Metric]:
    """Give what those outside hear of our feeds."""
    failing = {one.listener: int(one.failing_since is not None) for one in status.listeners}
    about = "1 while a hub, or the cache, does not take what it is told."
    yield _by("listener_problem", about, "listener", failing)
    behind = {one.listener: one.behind for one in status.listeners}
    yield _by("listener_behind", "Campaigns it was not told of yet.", "listener", behind)
    if status.hub is not None:
        about = "Subscriptions to our hub."
        yield _one("hub_subscriptions", about, status.hub.subscriptions)
        about = "Those whose callback fails."
        yield _one("hub_subscriptions_failing", about, status.hub.failing)
        about = "Requests to our hub that wait to be confirmed."
        yield _one("hub_requests_unconfirmed", about, status.hub.unconfirmed)


def _one(name: str, about: str, value: float | str | None) -> Metric:
    """Make a gauge; a text is 1 when it says anything."""
    number = float(bool(value)) if isinstance(value, str) or value is None else value
    return GaugeMetricFamily(f"feedsvc_{name}", about, value=number)


def _by(name: str, about: str, label: str, numbers: Mapping[str, int]) -> Metric:
    family = GaugeMetricFamily(f"feedsvc_{name}", about, labels=[label])
    for key, number in numbers.items():
        family.add_metric([key], number)
    return family
