"""`collector doctor` on voices: whether each instance's program speaks, or what nobody has recorded."""

from collections.abc import Iterator
from datetime import datetime

from worker import voice_check
from worker.app import App
from worker.commands.base import local_day
from worker.doctor import Finding
from worker.errors import CollectorError, SpeechError
from worker.speech.stock import State


def examine(app: App, now: datetime) -> Iterator[Finding]:
    """One line an instance that is dialled from here."""
    for instance in app.dialled_here():
        what = f"{instance.id}: voice"
        try:
            found = voice_check.check(instance, app.messages(instance), local_day(instance, now))
            if found.problem:
                raise SpeechError(found.problem)
            app.voice(instance).render(voice_check.SAMPLE)  # that it can be kept, too
        except CollectorError as error:
            yield Finding(what, False, str(error))
            continue
        lacking = found.count(State.MISSING)
        spare = f"; {lacking} pieces are not recorded, {instance.voice.fallback} says them" if lacking else ""
        yield Finding(what, None if lacking or found.faults else True, found.works + spare)
