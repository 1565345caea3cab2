"""What goes wrong in the chaos run, and when: drawn from a seed, each kind once before any comes again."""

import heapq
import time
from collections import Counter
from collections.abc import Callable
from itertools import count

from tests.chaos import stepped
from tests.chaos.stage import Stage
from tests.lab.site import Program

LONGEST_DOWN = 3.0  # seconds
Undo = Callable[[], object]

WEIGHTS = {  # how often, once each has had its turn
    "worker killed": 5,
    "both workers killed": 2,
    "handler killed": 5,
    "PBX killed": 4,
    "database killed": 4,
    "connections to the PBX cut": 3,
    "handler frozen": 2,
    "worker frozen": 2,
    "a third worker, killed": 3,
    "spool not writable": 2,
    "clock stepped": 2,
}


class Mischief:
    """Call `tick` often. `done` counts what has happened."""

    def __init__(self, stage: Stage, every: float) -> None:
        self._stage, self._rng, self._every = stage, stage.rng, every
        self._kinds: dict[str, Callable[[], bool]] = {
            "worker killed": self._worker,
            "both workers killed": self._both_workers,
            "handler killed": lambda: stage.kill(stage.crew["handler"], self._while_down()),
            "PBX killed": lambda: stage.kill_pbx(self._while_down()),
            "database killed": lambda: stage.kill_database(self._while_down()),
            "connections to the PBX cut": lambda: stage.gate.cut() > 0,
            "handler frozen": lambda: self._frozen("handler"),
            "worker frozen": lambda: self._frozen(self._rng.choice(("first worker", "second worker"))),
            "a third worker, killed": self._third_worker,
            "spool not writable": self._spool,
            "clock stepped": self._clock,
        }
        self._first = self._rng.sample(list(WEIGHTS), len(WEIGHTS))
        self._undo: list[tuple[float, int, str, Undo]] = []
        self._order = count()
        self._next = time.monotonic() + self._pause()
        self.done: Counter[str] = Counter(dict.fromkeys(WEIGHTS, 0))

    @property
    def each_had_its_turn(self) -> bool:
        return not self._first

    def tick(self) -> str:
        """What happened now; empty when nothing did."""
        now = time.monotonic()
        while self._undo and self._undo[0][0] <= now:
            heapq.heappop(self._undo)[3]()
        if now < self._next:
            return ""
        kind = self._first[0] if self._first else self._rng.choices(list(WEIGHTS), list(WEIGHTS.values()))[0]
        if not self._kinds[kind]():
            return ""  # it is down already: at the next tick, whatever is drawn then
        if self._first:
            del self._first[0]
        self.done[kind] += 1
        self._next = now + self._pause()
        return kind

    def over(self) -> None:
        """Nothing goes wrong any more, and what is wrong is put right."""
        while self._undo:
            heapq.heappop(self._undo)[3]()

    def _pause(self) -> float:
        return self._rng.uniform(0.5, 1.5) * self._every

    def _while_down(self) -> float:
        return self._rng.uniform(0, LONGEST_DOWN)

    def _later(self, seconds: float, kind: str, undo: Undo) -> bool:
        heapq.heappush(self._undo, (time.monotonic() + seconds, next(self._order), kind, undo))
        return True

    def _going_on(self, kind: str) -> bool:
        return any(one[2] == kind for one in self._undo)

    def _worker(self) -> bool:
        role = self._stage.crew[self._rng.choice(("first worker", "second worker"))]
        return self._stage.kill(role, self._while_down())

    def _both_workers(self) -> bool:
        roles = [self._stage.crew[name] for name in ("first worker", "second worker")]
        return all(role.up for role in roles) and all(self._stage.kill(one, self._while_down()) for one in roles)

    def _frozen(self, name: str) -> bool:
        """Sometimes longer than the others believe that it lives."""
        role, longest = self._stage.crew[name], self._rng.choice((2.0, 4.0, 13.0))
        return self._stage.freeze(role) and self._later(
            self._rng.uniform(1, longest), name, lambda: self._stage.thaw(role)
        )

    def _third_worker(self) -> bool:
        """`collector dial` beside the two services: it asks nobody whether it may lead."""
        if self._going_on("dial"):
            return False
        program: Program = self._stage.site.start("dial")
        return self._later(self._rng.uniform(3, 9), "dial", program.kill9)

    def _spool(self) -> bool:
        if self._going_on("spool"):
            return False
        return self._later(self._rng.uniform(0.5, 3), "spool", self._stage.hide_spool())

    def _clock(self) -> bool:
        """By far less than the gap: no ledger can tell a clock that was put forward from time that has passed."""
        if self._going_on("clock"):
            return False
        stepped.step_to(self._stage.clock, self._rng.uniform(-3600, 1800))
        return self._later(self._rng.uniform(2, 6), "clock", lambda: stepped.step_to(self._stage.clock, 0))
