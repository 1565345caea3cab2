"""What every originated channel carries, whichever way it is put on the line."""

from worker.core.hearing import LEVEL, PAUSE_MS
from worker.pbx import variables
from worker.ports import DialOrder


def channel_variables(order: DialOrder, tell: str) -> dict[str, str]:
    """Variables and functions to set on the channel at origination, in order.

    The hang-up handler is pushed here so that it also runs for calls nobody answers (facts: measured on 16.28);
    `tell`: its extension, variables.TELL_AGI or TELL_APP.
    """
    values = {
        variables.ATTEMPT: order.attempt_id,
        variables.NUMBER: order.number,
        "CHANNEL(hangup_handler_push)": f"{variables.CONTEXT_HANGUP},{tell},1",
        "CHANNEL(accountcode)": order.instance,
        "TIMEOUT(absolute)": str(order.ring_seconds + order.max_call_seconds),
    }
    # set here it hears before the answer too, and costs no request
    if order.listen and tell == variables.TELL_APP:
        values["TALK_DETECT(set)"] = f"{PAUSE_MS},{LEVEL}"
    if order.trunk_group:
        values["GROUP()"] = order.trunk_group
    if order.recording is not None:
        values[variables.RECORDING] = order.recording.name
        values[variables.RECORDING_DAY] = order.recording.folder
    return values
