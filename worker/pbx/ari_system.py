# ruff: noqa: N803  the names are ARI's own, as ari-py had them
"""What one can ask of Asterisk: applications, a sign of life, shared variables. Blocking; from any thread."""

from collections.abc import Sequence
from dataclasses import dataclass

from worker.errors import NoSuchChannel, PbxRefused
from worker.pbx.ari_link import Link, text_of
from worker.pbx.text import channel_name, one_line, pbx_id


@dataclass(frozen=True, slots=True)
class Application:
    """A registered Stasis application and what it is subscribed to."""

    name: str
    channel_ids: tuple[str, ...] = ()


class Applications:
    def __init__(self, link: Link) -> None:
        self._link = link

    def get(self, applicationName: str) -> Application | None:
        """None when nobody serves it. Raises PbxError."""
        try:
            return _application(self._link.ask("GET", f"applications/{pbx_id(applicationName)}"))
        except NoSuchChannel:
            return None

    def subscribe(self, applicationName: str, *, eventSource: str) -> Application:
        """`eventSource` is like "channel:ID". Raises PbxRefused when there is no such source."""
        kind, _, name = eventSource.partition(":")
        body = {"eventSource": f"{pbx_id(kind)}:{pbx_id(name)}"}
        path = f"applications/{pbx_id(applicationName)}/subscription"
        return _application(self._link.ask("POST", path, body))

    async def allow_later(self, applicationName: str, kinds: Sequence[str]) -> None:
        """On the loop: have only these kinds of events sent (Asterisk 16.3 and later)."""
        body = {"allowed": [{"type": kind} for kind in kinds]}
        await self._link.later("PUT", f"applications/{pbx_id(applicationName)}/eventFilter", body)


class AsteriskResource:
    def __init__(self, link: Link) -> None:
        self._link = link

    def ping(self) -> None:
        """Raises PbxError when ARI does not answer. Works from 13 on, where /asterisk/ping is missing."""
        self._link.ask("GET", "asterisk/info?only=system%2Cstatus", missing=PbxRefused)

    async def share_later(self, channelName: str, *, variable: str, value: str) -> None:
        """On the loop: a shared variable of any channel. Its own variables can be set in Stasis only: not while it
        rings (409, measured on 16.28)."""
        name = f"SHARED({pbx_id(variable)},{channel_name(channelName)})"
        await self._link.later(
            "POST", "asterisk/variable", {"variable": name, "value": one_line(value)}, PbxRefused
        )


def _application(answer: object) -> Application:
    ids = answer.get("channel_ids", []) if isinstance(answer, dict) else []
    return Application(text_of(answer, "name"), tuple(str(one) for one in ids) if isinstance(ids, list) else ())
