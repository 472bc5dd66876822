"""What an operator watches: counts and times for Prometheus."""

from collections.abc import Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from starlette.responses import Response

from rustok.kernel import module

REGISTRY = CollectorRegistry()
_OPERATIONS = Counter("rustok_graphql_operations", "GraphQL operations.", ("endpoint", "outcome"), registry=REGISTRY)
_OPERATION_SECONDS = Histogram(
    "rustok_graphql_seconds",
    "Time of GraphQL operations.",
    ("endpoint",),
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5),
    registry=REGISTRY,
)
_READS = Counter(
    "rustok_graphql_reads",
    "Operations that only read the read model, by who answered them and why not the compiled statement.",
    ("executor", "reason"),
    registry=REGISTRY,
)
_REQUESTS = Counter("rustok_http_requests", "HTTP requests.", ("method", "status"), registry=REGISTRY)
_REQUEST_SECONDS = Histogram("rustok_http_seconds", "Time of HTTP requests.", registry=REGISTRY)
_LAG = Gauge("rustok_consumer_lag_events", "Events not passed yet.", ("consumer",), registry=REGISTRY)
_PARKED = Gauge("rustok_parked_events", "Events that are parked or wait behind a parked one.", registry=REGISTRY)

_LIVE_CONNECTIONS = Gauge("rustok_live_connections", "WebSocket connections that are open.", registry=REGISTRY)
_LIVE_SUBSCRIPTIONS = Gauge("rustok_live_subscriptions", "Subscriptions that are running.", registry=REGISTRY)
_LIVE_EVENTS = Counter("rustok_live_events", "Results sent to subscribers.", registry=REGISTRY)
_LIVE_LAGGED = Gauge("rustok_live_lagged", "Times that a subscriber was too slow, since the start.", registry=REGISTRY)
_LIVE_REFUSED = Counter("rustok_live_refused", "WebSocket connections not accepted.", ("reason",), registry=REGISTRY)
_LIVE_CLOSED = Counter("rustok_live_closed", "WebSocket connections that ended.", ("code",), registry=REGISTRY)


def operation(endpoint: str, outcome: str, seconds: float) -> None:
    """Count one GraphQL operation."""
    _OPERATIONS.labels(endpoint, outcome).inc()
    _OPERATION_SECONDS.labels(endpoint).observe(seconds)


def read(executor: str, reason: str) -> None:
    """Count one operation over the read model."""
    _READS.labels(executor, reason).inc()


def served(method: str, status: int, seconds: float, *, is_kept: bool) -> None:
    """Count an answer of the fast lane, which is a request and an operation at once."""
    if is_kept:
        _SERVED_KEPT.inc()
    _SERVED.inc()
    _SERVED_METHODS[method, status].inc()
    _SERVED_SECONDS.observe(seconds)


def request(method: str, status: int, seconds: float) -> None:
    """Count one HTTP request."""
    _REQUESTS.labels(method if method in _METHODS else "other", str(status)).inc()
    _REQUEST_SECONDS.observe(seconds)


def live_connections(change: int) -> None:
    """A connection came or went."""
    _LIVE_CONNECTIONS.inc(change)


def live_subscriptions(change: int) -> None:
    """A subscription began or ended."""
    _LIVE_SUBSCRIPTIONS.inc(change)


def live_event() -> None:
    """Count one result that a subscriber was sent."""
    _LIVE_EVENTS.inc()


def live_refused(reason: str) -> None:
    """Count one connection that was not accepted, by the error's code."""
    _LIVE_REFUSED.labels(reason).inc()


def live_closed(code: int | None) -> None:
    """Count one connection's end: the code that we closed it with, or "gone" where the client went or was silent."""
    _LIVE_CLOSED.labels("gone" if code is None else str(code)).inc()


_SERVED_KEPT = _READS.labels("kept", "")
_SERVED = _OPERATIONS.labels("/graphql", "ok")
_SERVED_METHODS = {
    (method, status): _REQUESTS.labels(method, str(status))
    for method, status in (("GET", 200), ("GET", 304), ("POST", 200))
}
_SERVED_SECONDS = _OPERATION_SECONDS.labels("/graphql")
_METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}


def response(*, lag: Mapping[str, int], parked: int, lagged: int, gauges: Mapping[module.Gauge, float]) -> Response:
    """Everything in Prometheus' text format."""
    for consumer, behind in lag.items():
        _LAG.labels(consumer).set(behind)
    _PARKED.set(parked)
    _LIVE_LAGGED.set(lagged)
    declared = CollectorRegistry()  # anew for each answer: what could not be read is not shown
    for gauge, value in gauges.items():
        Gauge(f"rustok_{gauge.name}", gauge.help, registry=declared).set(value)
    told = generate_latest(REGISTRY) + generate_latest(declared)
    return Response(told, headers={"Content-Type": CONTENT_TYPE_LATEST})
