"""What the callees of a lab heard, told in the names of the sounds that their calls could have played."""

from collections.abc import Mapping
from pathlib import Path

from tests.lab.heard import Hearing, hear
from tests.lab.lab import Lab
from worker.app import App


def heard_by(lab: Lab, calls: Mapping[str, str]) -> dict[str, Hearing]:
    """`calls`: attempt id -> instance, each of a number the carrier records. By attempt id; calls must be over."""
    with App(lab.settings) as app:
        return {attempt_id: _heard(lab, app, attempt_id, instance) for attempt_id, instance in calls.items()}


def _heard(lab: Lab, app: App, attempt_id: str, instance: str) -> Hearing:
    attempt = app.store.attempts.get(attempt_id)
    if attempt is None:
        raise AssertionError(f"there is no attempt {attempt_id}")
    recordings = lab.heard(attempt.number)
    if len(recordings) != 1:
        raise AssertionError(f"{len(recordings)} recordings of what {attempt.number} heard, not one")
    return hear(recordings[0], sounds_of(lab, app, instance, attempt_id))


def sounds_of(lab: Lab, app: App, instance: str, attempt_id: str) -> dict[str, Path]:
    """Every sound the call may have played: by its line; "promised_1" is the first of the days said back."""
    attempt = app.store.attempts.get(attempt_id)
    if attempt is None:
        raise AssertionError(f"there is no attempt {attempt_id}")
    script = app.script(lab.settings.instance(instance), attempt)
    sounds = {line.value: sound for line, sound in script.lines.items()}
    sounds |= {f"promised_{place}": sound for place, (_, sound) in enumerate(script.days, start=1)}
    sounds |= script.digits
    return {name: lab.settings.pbx.sounds / f"{sound.name}.alaw" for name, sound in sounds.items()}
