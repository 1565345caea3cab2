"""The way of every request to ARI: from any thread to the event loop, and back with the answer."""

from collections.abc import Mapping
from dataclasses import dataclass

from worker.errors import NoSuchChannel, PbxError
from worker.pbx.ari_http import AriHttp
from worker.pbx.ari_loop import LoopThread


@dataclass(slots=True)
class Link:
    """What every resource needs: the loop, the HTTP half once it is open, the configured timeout."""

    loop: LoopThread
    seconds: float
    http: AriHttp | None = None

    def ask(
        self,
        method: str,
        path: str,
        body: Mapping[str, object] | None = None,
        missing: type[PbxError] = NoSuchChannel,
    ) -> object:
        return self.loop.run(self.later(method, path, body, missing), 2 * self.seconds)

    async def later(
        self,
        method: str,
        path: str,
        body: Mapping[str, object] | None = None,
        missing: type[PbxError] = NoSuchChannel,
        deadline: float | None = None,
    ) -> object:
        if self.http is None:
            raise RuntimeError("the ARI client is not started")
        return await self.http.request(method, path, body, missing=missing, deadline=deadline)


def text_of(answer: object, key: str) -> str:
    """A text of an answer; empty when it is not there."""
    value = answer.get(key, "") if isinstance(answer, dict) else ""
    return value if isinstance(value, str) else ""
