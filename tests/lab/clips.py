"""What the carrier's callees and machines say: made once with espeak-ng and sox, kept outside the repository."""

import hashlib
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from worker.settings import ROOT

FOLDER = ROOT / "var" / "lab-clips"  # ignored by git


@dataclass(frozen=True, slots=True)
class Clip:
    """8 kHz mono, 16 bit. `words` are spoken Brazilian Portuguese; without words a beep of `seconds`."""

    name: str
    words: str = ""
    voice: str = "pt-br"
    speed: int = 150  # words a minute
    seconds: float = 0.0


CLIPS = (
    Clip("alo", "Alô?", voice="pt-br+f3", speed=140),
    Clip(
        "voicemail",
        "Você ligou para a caixa postal deste telefone. No momento não posso atender. "
        "Deixe seu recado após o sinal, e eu retorno assim que puder.",
        voice="pt-br+f2",
    ),
    Clip(
        "announcement",
        "O número chamado não existe. Por favor, verifique o número e tente novamente.",
        voice="pt-br+f4",
    ),
    Clip("beep", seconds=0.6),
    Clip(
        "screening",
        "Olá. Diga seu nome e o motivo da ligação, que eu verifico se a pessoa está disponível.",
        voice="pt-br+m1",
        speed=190,
    ),
)


def make(parent: Path = FOLDER) -> Path:
    """The folder with NAME.wav of every clip; missing ones are made, and two at once do not disturb each other."""
    folder = parent / hashlib.sha256(repr(CLIPS).encode()).hexdigest()[:12]  # other words, other folder
    folder.mkdir(parents=True, exist_ok=True)
    for clip in CLIPS:
        if not (folder / f"{clip.name}.wav").exists():
            _make(clip, folder)
    return folder


def _make(clip: Clip, folder: Path) -> None:
    with tempfile.TemporaryDirectory(dir=folder) as work:
        raw, ready = Path(work) / "raw.wav", Path(work) / "ready.wav"
        if clip.words:
            espeak = ["espeak-ng", "-v", clip.voice, "-s", str(clip.speed), "-w", str(raw), clip.words]
            subprocess.run(espeak, check=True, capture_output=True, timeout=30)
            source = [str(raw)]
            shape = ["rate", "8000", "highpass", "200", "lowpass", "3600", "norm", "-6"]
        else:
            source = ["-n"]
            shape = ["synth", str(clip.seconds), "sine", "1000", "vol", "0.4"]
        sox = ["sox", "-R", *source, "-r", "8000", "-c", "1", "-b", "16", str(ready), *shape]
        subprocess.run(sox, check=True, capture_output=True, timeout=30)
        ready.rename(folder / f"{clip.name}.wav")
