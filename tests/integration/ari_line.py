"""A call answered on the stand-in ARI, for the tests of what its conversation can do."""

import threading
from typing import Final

from agi.ari_call import AriCall
from tests.integration.ari_server import AriServer
from worker.pbx.ari import AriClient
from worker.pbx.ari_events import Event, StasisStart
from worker.pbx.ari_router import Mailbox

ID: Final = "01ARZ3NDEKTSV4RRFFQ69G5FAV"


class AnsweredLine:
    """`call` is answered when it is first asked for."""

    def __init__(self, server: AriServer, client: AriClient) -> None:
        self.server, self.client = server, client
        self._call: AriCall | None = None
        self._answered = threading.Event()

    def on_event(self, event: Event) -> None:
        if isinstance(event, StasisStart) and event.args == (ID,):
            box = self.client.router.open(ID)
            assert box is not None
            self._call = self.begin(event, box)
            self._answered.set()
        else:
            self.client.router.deliver(event)

    def begin(self, event: StasisStart, box: Mailbox) -> AriCall:
        return AriCall(self.client, event.channel, box, seconds_of=self.seconds_of)

    def seconds_of(self, _sound: str) -> float | None:
        return self.server.sound_seconds

    async def on_connect(self) -> None:
        """Nothing to do."""

    @property
    def call(self) -> AriCall:
        if self._call is None:
            self.client.listen(self.on_event, self.on_connect).connected.wait(5)
            self.server.enter(ID, ID)
            assert self._answered.wait(5)
        assert self._call is not None
        return self._call
