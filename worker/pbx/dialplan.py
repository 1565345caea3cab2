"""Our part of the dialplan, as text: rendered from the settings and the names in `variables.py`."""

from collections.abc import Sequence

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from worker import settings
from worker.pbx import variables

FILE = "extensions_collector.conf"


def amd_arguments(amd: settings.Amd) -> str:
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
        instances=[{"id": each.id, "amd": amd_arguments(each.conversation.amd)} for each in instances],
        **_pieces(),
    )
    return {FILE: text}


def _pieces() -> dict[str, str]:
    """Dialplan expressions that can only yield harmless text of a bounded length, whatever went in.

    Measured on 16.28: the duration counts from origination, billsec from the answer, both as %f with six decimals
    and both right in a hang-up handler, for channels that nobody answered too.
    """
    ring = "${MATH(${CDR(duration,f)}-${CDR(billsec,f)},f)}"
    return {
        "attempt": _filtered("0-9A-Z", "${" + variables.ATTEMPT + "}", 26),
        "number": _filtered("+0-9", "${" + variables.NUMBER + "}", 16),
        "cause": _filtered("0-9", "${HANGUPCAUSE}", 3),
        "tech": _filtered("-A-Za-z0-9 ./", "${HANGUPCAUSE(${CHANNEL},tech)}", 50),
        "amd_status": _filtered("A-Z", "${AMDSTATUS}", 8),
        "amd_cause": _filtered("-A-Z0-9", "${AMDCAUSE}", 40),
        "ring": _filtered(".0-9", ring, 6),
        "talk_time": _filtered(".0-9", "${CDR(billsec,f)}", 6),
        "talk": _filtered("-A-Za-z0-9.:_/+*#~", "${" + variables.TALK + "}", 60),
    }


def _filtered(alphabet: str, expression: str, most: int) -> str:
    return "${FILTER(" + alphabet + "," + expression + "):0:" + str(most) + "}"
