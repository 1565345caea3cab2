"""Our part of the dialplan, as text: rendered from the settings and the names in `variables.py`."""

from collections.abc import Sequence

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from worker import settings, talk_settings
from worker.core.enums import Result
from worker.core.script import AGENT_GRACE_SECONDS
from worker.core.userfield import LONG_TALK_LIMIT, TALK_LIMIT
from worker.pbx import variables

FILE = "extensions_collector.conf"
EAR_SECONDS = 10  # a little longer than any line of ours (agi/sound_line.py)

# The checkpoint; behind it, of a call in which a voice spoke before the answer, what the handler noted then.
EARLY_TOO = "${" + variables.TALK + "}${SHARED(" + variables.TALK + ")}"


def amd_arguments(amd: talk_settings.Amd) -> str:
    """The arguments of AMD(), in its order (facts: app_amd.c of 16)."""
    values = (
        amd.initial_silence,
        amd.greeting,
        amd.after_greeting_silence,
        amd.total_analysis_time,
        amd.minimum_word_length,
        amd.between_words_silence,
        amd.maximum_number_of_words,
        amd.silence_threshold,
        amd.maximum_word_length,
    )
    return ",".join(map(str, values))


def render(pbx: settings.Pbx, instances: Sequence[settings.Instance]) -> dict[str, str]:
    """File name -> content, to be put beside extensions.conf. A name missing in a template is an error."""
    environment = Environment(
        loader=FileSystemLoader(settings.ROOT / "dialplan"),
        undefined=StrictUndefined,
        autoescape=False,  # noqa: S701 a dialplan, not HTML; everything put in is of the settings' own alphabets
        trim_blocks=True,
        keep_trailing_newline=True,
    )
    text = environment.get_template("collector.conf.j2").render(
        v=variables,
        agi=f"{pbx.agi.host}:{pbx.agi.port}",
        app=pbx.ari.app if pbx.ari else "",
        monitor=pbx.monitor,
        recording=_filtered("-_.0-9A-Za-z", "${" + variables.RECORDING + "}", 80),
        recording_day=_filtered("/0-9", "${" + variables.RECORDING_DAY + "}", 10),
        ear_of=_filtered("0-9A-Z", "${UNIQUEID}", 26),
        ear_seconds=EAR_SECONDS,
        wants=Result.WANTS_AGENT,
        transferred=Result.TRANSFERRED,
        instances=[{"id": each.id, "amd": amd_arguments(each.conversation.amd)} for each in instances],
        agents=[_agent(each.id, each.conversation.agent) for each in instances if each.conversation.agent],
        **_pieces(agents=any(each.conversation.agent for each in instances)),
        **_shown(),
    )
    return {FILE: text}


def _agent(instance: str, agent: talk_settings.Agent) -> dict[str, object]:
    """Who is rung, and for how long; all of it is of the settings' own alphabets."""
    ring = agent.ring_seconds
    extension = _local(agent.extension, agent.context, ring)
    return {
        "id": instance,
        "ring": f"Queue({agent.queue},r,,,{ring})" if agent.queue else f"Dial({extension})",
        "leg": _local(instance, variables.CONTEXT_LEG, ring + AGENT_GRACE_SECONDS),
        "longest": ring + AGENT_GRACE_SECONDS + agent.max_seconds,
    }


def _local(extension: str, context: str, seconds: int) -> str:
    """Whom he waits for is heard ringing: music would need a class of music that may not be there."""
    return f"Local/{extension}@{context}/n,{seconds},r"


def _pieces(*, agents: bool) -> dict[str, str]:
    """`agents`: a call may have come back from one whom nobody reached; its CDR counts from then on.

    Dialplan expressions that can only yield harmless text of a bounded length, whatever went in.

    Measured on 16.28: the duration counts from origination, billsec from the answer, both as %f with six decimals
    and both right in a hang-up handler, for channels that nobody answered too.
    """
    ring, talked = "${MATH(${CDR(duration,f)}-${CDR(billsec,f)},f)}", "${CDR(billsec,f)}"
    if agents:
        ring, talked = _plus(ring, "COLLECTOR_RANG"), _plus(talked, "COLLECTOR_TALKED")
    return {
        "attempt": _filtered("0-9A-Z", "${" + variables.ATTEMPT + "}", 26),
        "number": _filtered("+0-9", "${" + variables.NUMBER + "}", 16),
        "cause": _filtered("0-9", "${HANGUPCAUSE}", 3),
        "tech": _filtered("-A-Za-z0-9 ./", "${HANGUPCAUSE(${CHANNEL},tech)}", 50),
        "amd_status": _filtered("A-Z", "${AMDSTATUS}", 8),
        "amd_cause": _filtered("-A-Z0-9", "${AMDCAUSE}", 40),
        "ring": _filtered(".0-9", ring, 6),
        "talk_time": _filtered(".0-9", talked, 6),
        "talk": _filtered("-A-Za-z0-9.:_/+*#~", "${" + variables.TALK + "}", TALK_LIMIT),
        "long_talk": _filtered("-A-Za-z0-9.:_/+*#~", EARLY_TOO, LONG_TALK_LIMIT),
    }


def _shown() -> dict[str, str]:
    """What an agent's telephone shows; Python has filtered it already (agi/agent_card.py)."""
    return {
        "name": _filtered("-A-Za-z .", "${" + variables.NAME + "}", 40),
        "client": _filtered("-A-Za-z0-9._", "${" + variables.CLIENT + "}", 20),
    }


def _plus(expression: str, variable: str) -> str:
    return "${MATH(" + expression + "+0${" + variable + "},f)}"


def _filtered(alphabet: str, expression: str, most: int) -> str:
    return "${FILTER(" + alphabet + "," + expression + "):0:" + str(most) + "}"
