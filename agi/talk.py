"""What the FastAGI server serves: /talk to whoever answered, /hangup for every ending."""

from collections.abc import Mapping

from agi.agi_call import AgiCall
from agi.fastagi import Route
from agi.safe_agi import SafeAgi
from agi.switchboard import Switchboard
from worker.pbx import variables
from worker.settings import Amd


def routes(switchboard: Switchboard, amd: Mapping[str, Amd]) -> dict[str, Route]:
    """`amd`: the arguments of AMD() by instance, which is the channel's account code."""

    def talk(agi: SafeAgi) -> None:
        attempt_id = agi.argument(1) or agi.variable(variables.ATTEMPT)
        instance = agi.env.get("agi_accountcode", "")
        switchboard.talk(AgiCall(agi, amd.get(instance) or Amd()), attempt_id)

    def hangup(agi: SafeAgi) -> None:
        agi.release()  # first: the channel, and with it the CDR row, must not wait for our database
        switchboard.hung_up(agi.argument(1), agi.env.get("agi_uniqueid", ""))

    return {variables.AGI_TALK: talk, variables.AGI_HANGUP: hangup}
