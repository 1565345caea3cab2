"""How many calls could be begun at this moment: what an instance, its trunk and those who share it leave."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from worker.core.pacing import Asks, fair_shares
from worker.core.route import Route
from worker.jobs.dial import DialPlan
from worker.store_ports import Store


@dataclass(frozen=True, slots=True)
class Room:
    """One instance's."""

    channels: int
    wanted: int  # of them: fewer where so many conversations are aimed at
    own: int  # calls up
    route: Route
    on_trunk: int = 0  # calls of ours up, of all instances

    @property
    def left(self) -> int:
        """What the instance itself leaves."""
        return max(0, self.wanted - self.own)

    @property
    def free(self) -> int:
        """What the trunk leaves of it, when nobody else asks."""
        carries = self.route.channels
        return self.left if carries is None else max(0, min(self.left, carries - self.on_trunk))

    def __str__(self) -> str:
        said = f"{self.own} of {self.channels} channels in use"
        if self.wanted < self.channels:
            said += f", {self.wanted} are wanted for the conversations aimed at"
        if self.route.channels is None:
            return f"{said}; trunk {self.route.trunk} has no limit"
        return (
            f"{said}; trunk {self.route.trunk} may carry {self.route.channels} calls of ours now, "
            f"{self.on_trunk} are up"
        )


def room(plan: DialPlan, store: Store, now: datetime) -> Room:
    flying, route = store.attempts.open_since(now), plan.route()
    return Room(
        plan.channels,
        plan.channels if plan.wanted is None else min(plan.channels, plan.wanted(now)),
        sum(one.instance == plan.instance for one in flying),
        route,
        sum(one.trunk == route.trunk for one in flying),
    )


def shares(rooms: Mapping[str, Room], more: Mapping[str, int]) -> dict[str, int]:
    """How many calls each instance may begin, of so many that it would like: fair on a trunk that is shared."""
    granted = {name: min(one.free, more[name]) for name, one in rooms.items()}
    for trunk in {one.route.trunk for one in rooms.values() if one.route.channels is not None}:
        on_it = {name: one for name, one in rooms.items() if one.route.trunk == trunk}
        free = min((one.route.channels or 0) - one.on_trunk for one in on_it.values())
        asks = {name: Asks(one.own, min(one.left, more[name])) for name, one in on_it.items()}
        granted |= fair_shares(free, asks)
    return granted
