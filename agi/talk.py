"""What the FastAGI server serves: /talk to whoever answered, /hangup for every ending."""

from collections.abc import Mapping

from agi.agent_card import NO_CARD, card
from agi.agi_call import AgiCall
from agi.fastagi import Route
from agi.playing import SecondsOf
from agi.safe_agi import SafeAgi
from agi.switchboard import Switchboard
from worker.pbx import variables
from worker.talk_settings import Amd


def routes(
    switchboard: Switchboard, amd: Mapping[str, Amd], seconds_of: SecondsOf = lambda _: None
) -> dict[str, Route]:
    """`amd`: the arguments of AMD() by instance, which is the channel's account code; where there are none it
    does not listen."""

    def talk(agi: SafeAgi) -> None:
        attempt_id = agi.argument(1) or agi.variable(variables.ATTEMPT)
        instance = agi.env.get("agi_accountcode", "")
        admitted = switchboard.admit([attempt_id]).get(attempt_id)
        told = card(admitted) if admitted else NO_CARD
        call = AgiCall(agi, amd.get(instance), seconds_of=seconds_of, agent=instance, card=told)
        switchboard.talk(call, attempt_id, admitted)

    def hangup(agi: SafeAgi) -> None:
        agi.release()  # first: the channel, and with it the CDR row, must not wait for our database
        switchboard.hung_up(agi.argument(1), agi.env.get("agi_uniqueid", ""))

    return {variables.AGI_TALK: talk, variables.AGI_HANGUP: hangup}
