"""How many channels of a trunk others use now: what Issabel's GROUP counts, less the calls that are ours."""

import subprocess
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import structlog

from worker.errors import NoSuchChannel, PbxError, PbxRefused, PbxUnavailable, UnsafeText
from worker.pbx import variables
from worker.pbx.ari import AriClient
from worker.pbx.ari_events import Channel
from worker.pbx.text import is_attempt_id, pbx_id

log = structlog.get_logger(__name__)

READ_EVERY: Final = 1.0  # seconds; so long a reading is believed without another
STALE_AFTER: Final = 10.0  # seconds without a reading: nobody knows, nobody is called
SETTLE_SECONDS: Final = 0.05  # a channel just made may not have been put into its group yet
TRIES: Final = 3  # a channel asked through may hang up meanwhile

Others = dict[str, int]  # trunk -> channels that others use


@dataclass(frozen=True, slots=True)
class Way:
    """Where one instance's calls go out."""

    trunk: str
    group: str  # Issabel's


Ways = Mapping[str, Way]  # by instance; only of those whose calls are put into a group


class TrunkUse:
    """One PBX. `others` may be asked at every step and from every dialling thread."""

    def __init__(self, read: Callable[[], Others], *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._read, self._monotonic = read, monotonic
        self._mutex = threading.Lock()
        self._asked_at = self._read_at = float("-inf")
        self._others: Others = {}
        self._error = ""

    def others(self, trunk: str) -> int | None:
        """Channels that others use; None: it has not been read for ten seconds, or never."""
        with self._mutex:
            self._look()
            known = self._monotonic() - self._read_at <= STALE_AFTER
            return self._others.get(trunk, 0) if known else None

    def why_unread(self, trunk: str) -> str:
        """Empty while the use of the trunk is known; else one sentence."""
        if self.others(trunk) is not None:
            return ""
        return f"how many channels of the trunk {trunk} others use cannot be read: {self._error}"

    def _look(self) -> None:
        now = self._monotonic()
        if now - self._asked_at < READ_EVERY:
            return
        self._asked_at = now
        try:
            self._others = self._read()
        except PbxError as error:
            if str(error) != self._error:
                log.warning("trunk_use", error=str(error))
            self._error = str(error)
        else:
            self._read_at, self._error = now, ""


class AriUse:
    """Read over ARI. Global variables evaluate no function there (16.28: an empty answer), so a channel is asked.

    Any channel will do, and where there is none the trunk is free. Ours are listed first, then one question gives
    the groups' counts and after them the names of the channels alive: whoever is taken for ours was counted. Who
    came in between is counted as another's, which leaves us one channel less for a second.
    """

    def __init__(self, client: AriClient, ways: Ways, *, pause: Callable[[float], None] = time.sleep) -> None:
        self._client, self._ways, self._pause = client, ways, pause
        self._groups = sorted({pbx_id(way.group) for way in ways.values()})
        self._judged: dict[str, bool] = {}  # channel id -> a call file of ours made it

    def __call__(self) -> Others:
        """Raises PbxError."""
        for _ in range(TRIES):
            channels = self._client.channels.list()
            if not channels:
                return others_of(self._ways, {}, [])
            ours = self._ours(channels)
            if any(one.state == "Down" for one in ours):
                self._pause(SETTLE_SECONDS)
            for through in channels:
                try:
                    answer = self._client.channels.getChannelVar(through.id, variable=self._question())
                except (NoSuchChannel, UnsafeText):
                    continue
                return self._others(answer, ours)
        raise PbxUnavailable("the channels of the PBX come and go too fast to ask through one")

    def _question(self) -> str:
        counts = ";".join(f"${{GROUP_COUNT({group})}}" for group in self._groups)
        return f"EVAL({counts};${{CHANNELS()}})"

    def _others(self, answer: str, ours: list[Channel]) -> Others:
        counts = answer.split(";", len(self._groups))
        if len(counts) != len(self._groups) + 1 or not all(one.isdigit() for one in counts[:-1]):
            raise PbxRefused("the PBX does not evaluate GROUP_COUNT; is func_groupcount.so loaded?")
        alive = set(counts[-1].split())
        counted = dict(zip(self._groups, map(int, counts[:-1]), strict=True))
        return others_of(self._ways, counted, [one.accountcode for one in ours if one.name in alive])

    def _ours(self, channels: list[Channel]) -> list[Channel]:
        """By attempt id; those of call files by the attempt's variable, asked once for each channel."""
        marked = [one for one in channels if one.accountcode in self._ways]
        self._judged = {one.id: self._judged[one.id] for one in marked if one.id in self._judged}
        return [one for one in marked if is_attempt_id(one.id) or self._by_call_file(one)]

    def _by_call_file(self, channel: Channel) -> bool:
        if channel.id not in self._judged:
            try:
                value = self._client.channels.getChannelVar(channel.id, variable=variables.ATTEMPT)
            except NoSuchChannel:
                return False
            self._judged[channel.id] = is_attempt_id(value)
        return self._judged[channel.id]


class ConsoleUse:
    """Read at Asterisk's console, for boxes without ARI: whose the channels are, then who is in which group."""

    def __init__(self, config: Path, ways: Ways, ask: Callable[[Path, str], str] | None = None) -> None:
        self._config, self._ways, self._ask = config, ways, ask or console

    def __call__(self) -> Others:
        """Raises PbxError."""
        accounts = dict(map(_concise, self._ask(self._config, "core show channels concise").splitlines()))
        rows = [line.split() for line in self._ask(self._config, "group show channels").splitlines()]
        if not rows or rows[0][:2] != ["Channel", "Group"]:
            raise PbxRefused("the console does not show the channels' groups; is func_groupcount.so loaded?")
        grouped = [
            (row[0], row[1]) for row in rows[1:] if len(row) == 3
        ]  # and the category; the last line is a sum
        ours = [accounts[name] for name, _ in grouped if accounts.get(name) in self._ways]
        return others_of(self._ways, Counter(group for _, group in grouped), ours)


def others_of(ways: Ways, counted: Mapping[str, int], ours: Sequence[str]) -> Others:
    """By trunk: what its groups count, less our calls on it, of which the instances are given; never below 0.

    Calls of ours on another trunk of the same group are others' here: nobody else counts them for this one.
    """
    groups: dict[str, set[str]] = defaultdict(set)
    for way in ways.values():
        groups[way.trunk].add(way.group)
    mine = Counter(ways[instance].trunk for instance in ours)
    return {
        trunk: max(0, sum(counted.get(group, 0) for group in among) - mine[trunk])
        for trunk, among in groups.items()
    }


def console(config: Path, command: str) -> str:
    """What Asterisk's console says to one command. Raises PbxUnavailable."""
    try:
        done = subprocess.run(
            ["asterisk", "-C", str(config / "asterisk.conf"), "-rx", command],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=5,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise PbxUnavailable(f"the console of Asterisk could not be asked ({type(error).__name__})") from None
    if done.returncode != 0:
        raise PbxUnavailable("Asterisk's console refuses; run as a user who may use its control socket")
    return done.stdout


def _concise(line: str) -> tuple[str, str]:
    """Name and account code of a line like PJSIP/t-1!context!exten!1!Up!Dial!!5511!fibra!!3!1!!1795265227.4."""
    fields = line.split("!")
    return (fields[0], fields[8]) if len(fields) > 8 else (line, "")
