"""Which of our attempts the PBX still works on: living channels, and call files not finished."""

from pathlib import Path

import structlog

from worker.errors import NoSuchChannel, PbxError
from worker.pbx import variables
from worker.pbx.ari import AriClient
from worker.pbx.ari_events import Channel
from worker.pbx.text import is_attempt_id

CALL_FILE = ".call"
CONTEXTS = "collector-"  # how the names of our dialplan contexts begin

log = structlog.get_logger(__name__)


class LivePbx:
    """`worker.ports.Pbx`. Without ARI the spool alone says it: a call file stays until its call has ended."""

    def __init__(self, client: AriClient | None, spool: Path, name: str = "") -> None:
        self._client, self._spool, self.name = client, spool, name

    def live_attempts(self) -> set[str] | None:
        """None when the PBX does not answer or the spool cannot be read."""
        try:
            return self._channels() | self._files()
        except PbxError as error:
            log.warning("cannot tell which calls live", problem=str(error))
        except OSError as error:
            log.warning("cannot read the spool", problem=error.strerror)
        return None

    def _files(self) -> set[str]:
        names = (entry.name for entry in self._spool.iterdir())
        ids = (name.removesuffix(CALL_FILE) for name in names if name.endswith(CALL_FILE))
        return {one for one in ids if is_attempt_id(one)}

    def _channels(self) -> set[str]:
        if self._client is None:
            return set()
        channels = self._client.channels.list()
        ours = {channel.id for channel in channels if is_attempt_id(channel.id)}
        foreign = [channel for channel in channels if channel.id not in ours and _may_be_ours(channel)]
        return ours | {attempt for channel in foreign if (attempt := self._attempt_of(channel, self._client))}

    @staticmethod
    def _attempt_of(channel: Channel, client: AriClient) -> str:
        """Of a channel that a call file made; empty when it is not ours, or just gone."""
        try:
            value = client.channels.getChannelVar(channel.id, variable=variables.ATTEMPT)
        except NoSuchChannel:
            return ""
        return value if is_attempt_id(value) else ""


def _may_be_ours(channel: Channel) -> bool:
    """Call-file channels carry our instance as account code from the first moment (worker/pbx/order.py)."""
    return bool(channel.accountcode) or channel.context.startswith(CONTEXTS)
