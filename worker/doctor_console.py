"""What `collector doctor` asks of the PBX's own console: what every call needs, and what its detector needs."""

import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from agi.hearing_plans import hearing_plans
from worker.app import App
from worker.doctor_pbx import Part
from worker.errors import ConfigError
from worker.pbx import variables
from worker.settings import Settings


@dataclass(frozen=True, slots=True)
class Check:
    """What to ask, what must stand in the answer, how to mend it. Not `needed`: calls are made without it."""

    command: str
    wanted: str
    remedy: str
    needed: bool = True


ALWAYS: Final = (
    Check(
        "cdr show status",
        "Log unanswered calls:       Yes",
        "set unanswered=yes in cdr.conf, then: module reload cdr",
    ),
    Check(
        f"dialplan show {variables.CONTEXT_HANGUP}",
        f"Context '{variables.CONTEXT_HANGUP}' created by",  # the name alone stands in the refusal as well
        "include extensions_collector.conf, then: dialplan reload",
    ),
)
AMD: Final = Check(
    "core show application AMD", "Attempt to detect answering machines", "load app_amd.so and provide amd.conf"
)
SNOOP: Final = Check(
    "module show like res_stasis_snoop",
    "1 modules loaded",
    "load res_stasis_snoop.so before res_ari_channels.so, or set conversation.answering.detector: timing",
)
TALK: Final = Check(
    "core show function TALK_DETECT",
    "Raises notifications when Asterisk detects silence or talking",
    "load func_talkdetect.so, or set conversation.answering.detector: asterisk and early_media: ignore",
)
TIMING_ALONE: Final = "callees are heard by the timing of sound alone"
SOUND: Final = tuple(
    Check(f"module show like {module}", "1 modules loaded", f"{TIMING_ALONE}; load {load}", needed=False)
    for module, load in (
        ("chan_rtp", "res_rtp_multicast.so and then chan_rtp.so, or set conversation.answering.detector: timing"),
        ("app_chanspy", "app_chanspy.so, or set conversation.answering.detector: timing"),
    )
)


def checks(settings: Settings) -> tuple[Check, ...]:
    """What the instances that are dialled from here need."""
    here = [one for one in settings.instances if settings.is_here(one)]
    by_ari = [one for one in here if one.dialling.origination == "ari"]
    answering = [one.conversation.answering for one in by_ari]
    wanted = list(ALWAYS)
    if any(one.detector == "asterisk" for one in answering):
        wanted += [AMD, SNOOP]
    elif any(one.conversation.answering.detector != "none" for one in here if one not in by_ari):
        wanted += [AMD]
    if any(one.listens for one in answering):
        wanted += [TALK]
    if _by_sound(settings) and not _remote(settings):
        wanted += SOUND
    return tuple(wanted)


def _by_sound(settings: Settings) -> list[str]:
    """Instances whose callees are to be heard by their sound itself."""
    return [
        one.id
        for one in settings.instances
        if settings.pbx.sound_lines
        and settings.is_here(one)
        and one.dialling.origination == "ari"
        and one.conversation.answering.detector == "sound"
    ]


def elsewhere(settings: Settings) -> Iterator[Part]:
    """The sound itself leaves no PBX that is another machine: what is heard there is less than was asked for."""
    deaf = _by_sound(settings) if _remote(settings) else []
    if deaf:
        remedy = "run the handler on the PBX, or set conversation.answering.detector: timing"
        says = f"{TIMING_ALONE}, because pbx.ari.url is another machine; {remedy}"
        yield f"{', '.join(deaf)}: who picked up", None, says


def _remote(settings: Settings) -> bool:
    return settings.pbx.ari is not None and not settings.pbx.ari.on_this_machine


def examine(app: App) -> Iterator[Part]:
    """The console's findings, and whether the models can be read."""
    yield from ask(app.settings.pbx.config, checks(app.settings))
    yield from elsewhere(app.settings)
    try:
        hearing_plans(app.settings)
    except ConfigError as error:
        yield "answering model", False, "; ".join(error.problems)


def ask(config: Path, wanted: Sequence[Check]) -> Iterator[Part]:
    for check in wanted:
        what = f"PBX: {check.command}"
        try:
            answer = subprocess.run(
                ["asterisk", "-C", str(config / "asterisk.conf"), "-rx", check.command],
                capture_output=True,
                text=True,
                timeout=10,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            yield what, None, f"the console could not be asked ({error}); check it by hand"
            continue
        squeezed = " ".join((answer.stdout + answer.stderr).split())
        if " ".join(check.wanted.split()) in squeezed:
            yield what, True, "as it must be"
        elif answer.returncode == 0:
            yield what, False if check.needed else None, check.remedy
        else:
            yield what, False, squeezed[:200]
