"""The voice that is always there: espeak-ng, offline, about 20 ms a sentence."""

from worker.errors import SpeechError
from worker.speech.audio import TRIMMED, from_wav
from worker.speech.program import run_program


class Espeak:
    """Implements worker.speech.voice.Engine."""

    def __init__(self, language: str, words_per_minute: int) -> None:
        self._arguments = ["-v", language, "-s", str(words_per_minute)]
        self._recipe = "\n".join(("espeak/3", *self._arguments))

    def recipe(self, _text: str) -> str:
        """Its first word is to be changed when the same text would give another sound."""
        return self._recipe

    def speak(self, text: str) -> bytes:
        words = text.replace("[", "(").replace("]", ")")  # espeak-ng reads [[ ]] as phonemes
        spoken = run_program(["espeak-ng", *self._arguments, "-b", "1", "--stdin", "--stdout"], words.encode())
        try:
            return from_wav(spoken, TRIMMED)
        except SpeechError as error:
            raise SpeechError(
                f"espeak-ng made no sound of a text: {error}; try `espeak-ng -v pt-br Olá`"
            ) from None
