"""What stands for `App` in tests of commands: settings and a store, nothing of the outside world."""

from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from worker.settings import Instance, Settings
from worker.store.memory import memory_store
from worker.store_ports import Store


@dataclass
class StandIn:
    """Each test's own adds what its command asks for."""

    settings: Settings
    store: Store = field(default_factory=memory_store)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing to close."""

    def instances(self, only: str | None = None) -> list[Instance]:
        return list(self.settings.instances) if only is None else [self.settings.instance(only)]
