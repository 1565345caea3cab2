"""Models of two rules each, for tests of what is done with a verdict; the real ones are trained."""

from typing import Final

from worker.core.answering import AUDIO_NAMES, NAMES, Model, Node

_SILENCE, _HEARD = NAMES.index("silence"), NAMES.index("heard")
_WAITS: Final[Node] = (_SILENCE, 0.7, 0.0, (_HEARD, 0.0, 0.0, (_HEARD, 1.8, -6.0, 0.0)))
_TALKS_ON: Final[Node] = (_HEARD, 2.2, 0.0, 6.0)
MODEL: Final = Model(0.0, (_WAITS, _TALKS_ON), human=-3.0, human_later=-3.0, machine=3.0, seconds=4.0)

_NO_VOICE, _VOICE = AUDIO_NAMES.index("voice_silence"), AUDIO_NAMES.index("voice_heard")
_LISTENS: Final[Node] = (_NO_VOICE, 0.7, 0.0, (_VOICE, 0.0, 0.0, -6.0))
_WHISTLES: Final[Node] = (AUDIO_NAMES.index("tone"), 0.5, 0.0, 12.0)
AUDIO_MODEL: Final = Model(0.0, (_LISTENS, _WHISTLES), -3.0, -3.0, 3.0, 4.0, AUDIO_NAMES)
