"""Every name that crosses between Python and the dialplan, once. The templates are rendered from these."""

from typing import Final

ATTEMPT: Final = "COLLECTOR_ATTEMPT"  # the attempt id; the only identity that travels
NUMBER: Final = "COLLECTOR_NUMBER"  # E.164, for CDR(userfield): an unanswered row does not say whom we dialled
TALK: Final = "COLLECTOR_TALK"  # checkpoint of the conversation (core.userfield.format_talk)

CONTEXT_OUT: Final = "collector-out"  # call files start here when answered
CONTEXT_AMD: Final = "collector-amd"  # Stasis sends a channel here to listen, and gets it back
CONTEXT_HANGUP: Final = "collector-hangup"  # pushed as hang-up handler on every originated channel
TELL_AGI: Final = "by-agi"  # its extension for calls that our FastAGI server serves
TELL_APP: Final = "by-event"  # for calls over ARI: the Stasis application hears of the end where it heard the rest

AGI_TALK: Final = "talk"  # agi://host:port/talk
AGI_HANGUP: Final = "hangup"  # agi://host:port/hangup,<userfield>

EVENT_END: Final = "CollectorEnd"  # UserEvent of TELL_APP; its header is EVENT_TEXT
EVENT_TEXT: Final = "said"

STASIS_RESUME: Final = "resume"  # Stasis argument of a channel that comes back from CONTEXT_AMD
