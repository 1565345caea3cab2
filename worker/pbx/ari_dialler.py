"""Calls put on the line over ARI: the attempt id is the channel id, so a repeated order cannot ring twice."""

import time
from collections.abc import Callable, Sequence

from worker.errors import CollectorError, NoSuchChannel, PbxError, PbxUnavailable, UnsafeText, WrongState
from worker.pbx import variables
from worker.pbx.ari import AriClient
from worker.pbx.ari_events import Channel
from worker.pbx.ari_http import NotMade, NotSent
from worker.pbx.ari_resources import OriginateRequest
from worker.pbx.order import channel_variables
from worker.ports import DialOrder, Placed, Placement

Result = Channel | CollectorError
READY_SECONDS = 1.0  # so long the answer of ready() is believed


class AriDialler:
    """`worker.ports.Dialler` over a started client."""

    def __init__(self, client: AriClient, app: str, *, now: Callable[[], float] = time.monotonic) -> None:
        self._client, self._app, self._now = client, app, now
        self._asked_at = float("-inf")
        self._why_not = ""

    def place(self, orders: Sequence[DialOrder]) -> list[Placement]:
        requests = [self._request(order) for order in orders]
        try:
            results = self._client.channels.originate_many(requests)
        except PbxError as error:  # the client itself gave up: any of them may have been sent
            return [Placement(order.attempt_id, Placed.UNKNOWN, str(error)) for order in orders]
        placed = zip(orders, results, strict=True)
        return [placement(order.attempt_id, self._sure(order.attempt_id, result)) for order, result in placed]

    def _sure(self, attempt_id: str, result: Result) -> Result:
        """A 409 should say that the id is in use, accepted before, but 16.28 also says it falsely.

        Its reason is kept per HTTP connection and never cleared: after one true 409 a channel that cannot be made
        there, for want of a trunk for instance, is called a 409 as well (measured). So the channel is looked for.
        """
        if not isinstance(result, WrongState):
            return result
        try:
            return self._client.channels.get(attempt_id)
        except NoSuchChannel:
            return result
        except PbxError as error:
            return error

    def ready(self) -> str:
        if self._now() - self._asked_at >= READY_SECONDS:
            self._why_not = self._ask()
            self._asked_at = self._now()
        return self._why_not

    def _request(self, order: DialOrder) -> OriginateRequest:
        return OriginateRequest(
            endpoint=order.endpoint,
            app=self._app,
            channelId=order.attempt_id,
            appArgs=f"{order.attempt_id},{variables.STASIS_RECORD}" if order.recording else order.attempt_id,
            callerId=order.caller_id,
            timeout=order.ring_seconds,
            variables=channel_variables(order, variables.TELL_APP),
        )

    def _ask(self) -> str:
        try:
            if self._client.applications.get(self._app) is not None:
                return ""
        except PbxError as error:
            return str(error)
        return f"nobody serves the Stasis application {self._app}; start `collector handler`"


def placement(attempt_id: str, result: Result) -> Placement:
    """What an originate's result means for the attempt. In doubt UNKNOWN: better a lost try than a second ringing.

    NotSent and NotMade never rang anybody. WrongState: a 409, and no such channel lives (any more).
    """
    if isinstance(result, Channel):
        return Placement(attempt_id, Placed.ACCEPTED)
    if isinstance(result, NotSent | NotMade | UnsafeText):
        return Placement(attempt_id, Placed.REFUSED, str(result))
    doubtful = isinstance(result, PbxUnavailable | WrongState)
    return Placement(attempt_id, Placed.UNKNOWN if doubtful else Placed.REFUSED, str(result))
