"""What /metrics says: how much is asked, how fast it goes, with what result and from which index, for Prometheus.

Labels are routes as declared and words from fixed lists: never an address, a question or anything else that was sent.
"""

from collections.abc import Iterator
from time import perf_counter

from fastapi import Response
from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from index.errors import QuotewellError
from index.storage.feedback import FeedbackStore
from server.live_index import Live

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0, 2.5, 5.0, 15.0, 60.0)
_VERDICTS = {"up": "up", "down": "down", "": "none"}


class Metrics:
    """Counts since the process began, in a registry of this application's own."""

    def __init__(self, live: Live, feedback: FeedbackStore, version: str) -> None:
        """`version` of the program."""
        self._registry = registry = CollectorRegistry()
        route = ("route", "method")
        self._requests = Counter(
            "quotewell_http_requests", "Requests by class of status", (*route, "status"), registry=registry
        )
        self._seconds = Histogram(
            "quotewell_http_request_seconds",
            "Until the reply's last byte",
            route,
            buckets=_BUCKETS_S,
            registry=registry,
        )
        self._answers = Counter(
            "quotewell_answers", "Answers, and why there was none", ("status", "reason"), registry=registry
        )
        registry.register(_Present(live, feedback, version))
        ProcessCollector(registry=registry)

    def text(self) -> Response:
        """In Prometheus' text format."""
        return Response(generate_latest(self._registry), headers={"Content-Type": CONTENT_TYPE_PLAIN_0_0_4})

    def requested(self, route: str, method: str, status: str, seconds: float) -> None:
        """`status` is a class as 2xx, or "dropped" where the client left before the reply began."""
        self._requests.labels(route, method, status).inc()
        self._seconds.labels(route, method).observe(seconds)

    def answered(self, status: str, reason: str) -> None:
        """`reason` is the code of an abstention's, else "none"."""
        self._answers.labels(status, reason).inc()


class Measured:
    """Counts and times every request; stands outside whatever can refuse one."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        begin, status = perf_counter(), "dropped"
        root = scope.get("root_path", "")

        async def outgoing(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = f"{message['status'] // 100}xx"
            await send(message)

        try:
            await self._app(scope, receive, outgoing)
        finally:
            method = scope["method"] if scope["method"] in _METHODS else "other"
            # as declared, with its parameters' names; a folder of files by its address
            route = getattr(scope.get("route"), "path_format", None) or scope.get("root_path", "").removeprefix(root)
            self._metrics.requested(route or "unmatched", method, status, perf_counter() - begin)


class _Present:
    """What is read at the moment of the question."""

    def __init__(self, live: Live, feedback: FeedbackStore, version: str) -> None:
        self._live = live
        self._version = version
        self._feedback = feedback

    def collect(self) -> Iterator[Metric]:
        state = self._live.state
        yield _gauge("quotewell_info", "Of the program", 1, version=self._version)
        yield _gauge("quotewell_ready", "Whether questions are answered", float(state.assistant is not None))
        yield _gauge("quotewell_index_newest", "Whether the newest index answers", float(state.problem is None))
        if state.assistant is not None:
            index = state.assistant.index
            yield _gauge("quotewell_index_info", "Of the index that answers", 1, version=index.version)
            yield _gauge("quotewell_index_documents", "Articles that are searched", index.document_count)
            yield _gauge("quotewell_index_passages", "Passages that are searched", index.passage_count)
            yield _gauge("quotewell_index_sequence", "Changes of the store up to this index", index.manifest.sequence)
        try:
            counts = self._feedback.counts()
        except QuotewellError:  # readers and the log are told of it where it matters
            return
        family = GaugeMetricFamily(
            "quotewell_feedback", "Answers kept with a verdict; none: abstained", labels=["verdict"]
        )
        for verdict, count in counts.items():
            family.add_metric([_VERDICTS[verdict]], count)
        yield family


def _gauge(name: str, what: str, value: float, **labels: str) -> Metric:
    family = GaugeMetricFamily(name, what, labels=list(labels))
    family.add_metric(list(labels.values()), value)
    return family
