"""Every name that crosses between Python and the dialplan, once. The templates are rendered from these."""

from typing import Final

ATTEMPT: Final = "COLLECTOR_ATTEMPT"  # the attempt id; the only identity that travels
NUMBER: Final = "COLLECTOR_NUMBER"  # E.164, for CDR(userfield): an unanswered row does not say whom we dialled
TALK: Final = "COLLECTOR_TALK"  # checkpoint of the conversation (core.userfield.format_talk)

RECORDING: Final = "COLLECTOR_RECORDING"  # name of the recording's file; only on calls that are recorded
RECORDING_DAY: Final = "COLLECTOR_RECORDING_DAY"  # its folder below pbx.monitor, YYYY/MM/DD

# of the callee, for an agent's screen: set before a transfer, inherited by every channel of the agent
CLIENT: Final = "COLLECTOR_CLIENT"  # the ERP's id
NAME: Final = "COLLECTOR_NAME"
TOTAL: Final = "COLLECTOR_TOTAL"  # what is owed, like 123.45

CONTEXT_OUT: Final = "collector-out"  # call files start here when answered
CONTEXT_AMD: Final = "collector-amd"  # Stasis sends a snoop here to listen, and gets it back with the verdict
CONTEXT_EAR: Final = "collector-ear"  # carries a callee's sound to our program
CONTEXT_RECORD: Final = "collector-record"  # recorded calls pass here first, over ARI by its extension TELL_APP
CONTEXT_AGENT: Final = "collector-agent"  # hands a callee over to the instance's agent, by Gosub()
CONTEXT_TO_AGENT: Final = "collector-to-agent"  # the way there from Stasis, and back
CONTEXT_LEG: Final = "collector-agent-leg"  # rings the agent, on a channel of its own
CONTEXT_HANGUP: Final = "collector-hangup"  # pushed as hang-up handler on every originated channel
TELL_AGI: Final = "by-agi"  # its extension for calls that our FastAGI server serves
TELL_APP: Final = "by-event"  # for calls over ARI: the Stasis application hears of the end where it heard the rest

AGI_TALK: Final = "talk"  # agi://host:port/talk
AGI_HANGUP: Final = "hangup"  # agi://host:port/hangup,<userfield>

EVENT_END: Final = "CollectorEnd"  # UserEvent of TELL_APP; its header is EVENT_TEXT
EVENT_TEXT: Final = "said"

AGENT_BACK: Final = "back"  # label in CONTEXT_AGENT: nobody took the callee
AGENT_LEG: Final = "COLLECTOR_LEG"  # set by CONTEXT_AGENT: what Dial() is to be given
AGENT_ENDED: Final = "line-gone"  # extension of CONTEXT_AGENT: the callee's line went while he was there
# Stasis arguments, and the end of a snoop's id
STASIS_RESUME: Final = "resume"  # of a call that comes back from the dialplan: no agent took it
STASIS_SNOOP: Final = "snoop"  # of a snoop that was just made
STASIS_HEARD: Final = "heard"  # of one that comes back from CONTEXT_AMD
SNOOP_SUFFIX: Final = ".amd"  # with the attempt's id 30 characters, which `cdr` would keep whole
EAR_SUFFIX: Final = ".ear"  # the same for the channel of CONTEXT_EAR, which tells by it whom to listen to

STASIS_RECORD: Final = "record"  # second Stasis argument of a call that is to be recorded first
