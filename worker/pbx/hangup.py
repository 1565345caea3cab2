"""Ends calls of ours on this PBX: channels over ARI or its console; call files not dialled yet are taken."""

import re
import subprocess
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import structlog

from worker import settings
from worker.core.enums import Origination
from worker.core.model import Attempt
from worker.errors import NoSuchChannel, PbxError, PbxUnavailable
from worker.pbx import variables
from worker.pbx.ari import AriClient
from worker.pbx.text import is_attempt_id

Console = Callable[[str], str]  # a command -> what it prints; raises PbxUnavailable

CONSOLE_SECONDS = 10.0
DIALLED = "StartRetry:"  # what Asterisk adds to a call file when it begins to dial it
TAKEN = ".swept"  # as `callfile.sweep` calls what it moves aside
_CHANNEL = re.compile(r"[A-Za-z0-9/_.;@:+-]{1,120}")  # a channel's name that may stand on the console
_ATTEMPT = re.compile(rf"^\s*{variables.ATTEMPT}=(\S+)\s*$", re.M)

log = structlog.get_logger(__name__)


class LiveCutter:
    """`worker.brake_ports.Cutter`."""

    def __init__(self, client: AriClient | None, pbx: settings.Pbx, console: Console | None = None) -> None:
        self._client, self._pbx = client, pbx
        self._console = console or console_of(pbx.config)

    def cut(self, attempts: Sequence[Attempt]) -> set[str]:
        ended: set[str] = set()
        try:
            ended |= self._hang_up(attempts)
        except PbxError as error:  # the files can be taken all the same
            log.error("cannot hang up", problem=str(error))
        for attempt in attempts:
            if attempt.origination is Origination.CALLFILE and attempt.attempt_id not in ended:
                ended |= {attempt.attempt_id} if self._take(attempt.attempt_id) else set()
        return ended

    def _hang_up(self, attempts: Sequence[Attempt]) -> set[str]:
        """Raises PbxError; those that were hung up before that are asked for again and not found."""
        wanted = {attempt.attempt_id for attempt in attempts}
        if self._client is None:
            return self._by_console(wanted, {attempt.instance for attempt in attempts})
        ended = set()
        for channel, attempt_id in self._channels(self._client, {attempt.instance for attempt in attempts}):
            if attempt_id in wanted:
                try:
                    self._client.channels.hangup(channel)
                except NoSuchChannel:  # it ended by itself just now
                    continue
                ended.add(attempt_id)
        return ended

    @staticmethod
    def _channels(client: AriClient, instances: set[str]) -> Iterator[tuple[str, str]]:
        """(channel, attempt id) of ours: over ARI both are the same, a call file's channel carries it."""
        for channel in client.channels.list():
            if is_attempt_id(channel.id):
                yield channel.id, channel.id
            elif channel.accountcode in instances:
                try:
                    value = client.channels.getChannelVar(channel.id, variable=variables.ATTEMPT)
                except NoSuchChannel:
                    continue
                yield channel.id, value

    def _by_console(self, wanted: set[str], instances: set[str]) -> set[str]:
        ended = set()
        for line in self._console("core show channels concise").splitlines():
            name = line.split("!", 1)[0]
            if not _CHANNEL.fullmatch(name) or not any(f"!{one}!" in line for one in instances):
                continue
            carried = _ATTEMPT.search(self._console(f"core show channel {name}"))
            if carried and carried[1] in wanted:
                self._console(f"channel request hangup {name}")
                ended.add(carried[1])
        return ended

    def _take(self, attempt_id: str) -> bool:
        """Out of the spool, unless Asterisk has begun to dial it: a file moved back in would be dialled again."""
        file = self._pbx.spool / f"{attempt_id}.call"
        try:
            if DIALLED in file.read_text(encoding="utf-8", errors="replace"):
                return False
            file.rename(self._pbx.spool_aside / f"{attempt_id}{TAKEN}")
        except FileNotFoundError:
            return False
        except OSError as error:
            log.error("cannot take a call file from the spool", attempt=attempt_id, problem=error.strerror)
            return False
        return True


def console_of(config: Path) -> Console:
    """The PBX's own console, as its administrator uses it."""

    def ask(command: str) -> str:
        try:
            done = subprocess.run(
                ["asterisk", "-C", str(config / "asterisk.conf"), "-rx", command],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=CONSOLE_SECONDS,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise PbxUnavailable(f"the PBX's console could not be asked: {error}") from None
        if done.returncode != 0:
            raise PbxUnavailable(f"the PBX's console refuses us: {(done.stdout + done.stderr).strip()[:200]}")
        return done.stdout

    return ask
