"""`collector voice`: every missing piece with its file, until a folder made after it can say every call."""

import json
import wave
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner, Result

from worker import doctor_voice
from worker.app import App
from worker.cli import COMMANDS
from worker.commands.base import app
from worker.configfile import load
from worker.doctor import Finding
from worker.errors import SpeechError
from worker.speech.audio import read_header
from worker.speech.program import run_program

from .test_messages import ATTEMPT

NOW = datetime(2026, 11, 21, 15, tzinfo=UTC)
WHOLE = ("-r", "8000", "-n", "-b", "16")  # made at that rate: nothing rounds off what was clipped


class Bed:
    """A configuration file of one instance, a folder for pieces, and one for sounds."""

    def __init__(self, folder: Path) -> None:
        assert COMMANDS
        self.folder, self.config = folder / "pieces", folder / "collector.yaml"
        self.sounds = folder / "sounds"
        self.folder.mkdir()
        self.sounds.mkdir()
        password = folder / "password"
        password.write_text("secret")
        password.chmod(0o600)
        self.document: dict[str, Any] = {
            "database": {"user": "collector", "password": {"file": str(password)}},
            "pbx": {"sounds": str(self.sounds), "owner": ""},
            "instances": [
                {
                    "id": "fibra",
                    "company": "Fibra Serra",
                    "caller_id": "+551133330000",
                    "source": {"type": "csv", "clients": "/c.csv", "bills": "/b.csv"},
                    "trunk": {"endpoint": "PJSIP/{number}@t"},
                    "dialling": {"origination": "callfile"},
                }
            ],
        }

    def voice(self, **keys: Any) -> None:
        self.document["instances"][0]["voice"] = keys
        self.config.write_text(yaml.safe_dump(self.document), encoding="utf-8")

    def run(self, *arguments: str) -> Result:
        return CliRunner().invoke(app, ["-c", str(self.config), "voice", *arguments])

    def check(self, *arguments: str) -> tuple[int, dict[str, Any]]:
        done = self.run("check", "--json", *arguments)
        (one,) = json.loads(done.stdout)
        return done.exit_code, one

    def missing(self, *arguments: str) -> dict[str, str]:
        """File -> text."""
        pieces = self.check(*arguments)[1]["pieces"]
        return {one["file"]: one["text"] for one in pieces if one["state"] == "missing"}

    def record(self, files: Sequence[str], *effects: str, form: Sequence[str] = WHOLE) -> None:
        """A noise like a word: half a second, with silence around."""
        effects = effects or ("gain", "-12", "pad", "0.2", "0.2")
        sound = self.folder.parent / "sound.wav"
        run_program(["sox", *form, str(sound), "synth", "0.4", "pinknoise", *effects], b"", empty=True)
        for file in files:
            (self.folder / file).write_bytes(sound.read_bytes())

    def findings(self) -> list[Finding]:
        with App(load(self.config, {})) as running:
            return list(doctor_voice.examine(running, NOW))


@pytest.fixture
def bed(tmp_path: Path) -> Bed:
    return Bed(tmp_path)


@pytest.fixture
def recorded(bed: Bed) -> Bed:
    """Everything that `voice check` asks for, recorded; and a fallback for names."""
    bed.voice(engine="recordings", recordings=str(bed.folder))
    bed.record(list(bed.missing()))
    return bed


def test_each_missing_piece_is_named_with_its_text_and_file(bed: Bed) -> None:
    bed.voice(engine="recordings", recordings=str(bed.folder), fallback=None)
    missing = bed.missing()
    told = {
        "se-eh-voce-tecle-um.wav": "Se é você, tecle um",
        "em-aberto-desde.wav": "em aberto desde",
        "a-fibra-serra-agradece-a-sua-atencao.wav": "A Fibra Serra agradece a sua atenção",
        "duzentos.wav": "duzentos",
        "duas.wav": "duas",
        "marco.wav": "março",
        "primeiro.wav": "primeiro",
        "segunda-feira.wav": "segunda-feira",
        "centavos.wav": "centavos",
    }
    assert told == {file: missing[file] for file in told}
    assert "milhao.wav" not in missing
    assert "milhao.wav" in bed.missing("--up-to", "2000000")


def test_what_it_asks_for_is_enough_to_say_any_call(recorded: Bed) -> None:
    assert {} == recorded.missing()
    said = [0]

    def only_names(text: str) -> bytes:
        said[0] += 1
        assert "Maria Silva" == text
        return bytes(3200) + b"\x00\x10" * 3200

    with App(load(recorded.config, {})) as running:
        (instance,) = running.settings.instances
        voice = running.voice(instance)
        voice._engine._spare.speak = only_names  # type: ignore[union-attr]
        for cents, bills, oldest in (
            (1, 1, date(2026, 1, 1)),
            (999_999, 99, date(2017, 12, 31)),
            (0, 2, NOW.date()),
        ):
            owed = replace(ATTEMPT, total=Decimal(cents) / 100, bill_count=bills, oldest_due=oldest)
            assert all(sound.seconds for sound in running.script(instance, owed).lines.values())
    assert said[0]


def test_without_fallback_missing_pieces_and_names_are_a_failure(bed: Bed) -> None:
    bed.voice(engine="recordings", recordings=str(bed.folder), fallback=None)
    done = bed.run("check")
    assert 1 == done.exit_code
    assert (
        "piece(s) are missing and names of clients cannot be recorded; see `collector voice check`" in done.stdout
    )
    assert "para-nao-receber-mais-ligacoes-tecle-nove.wav" in done.stdout
    bed.record(list(bed.missing()))
    code, found = bed.check()
    assert (1, {}) == (code, bed.missing())
    assert found["problem"].startswith("names of clients cannot be recorded")


def test_with_a_fallback_missing_pieces_are_told_and_no_failure(bed: Bed) -> None:
    bed.voice(engine="recordings", recordings=str(bed.folder))
    done = bed.run("check")
    assert 0 == done.exit_code
    assert "said by espeak" in done.stdout
    assert "ha.wav" in done.stdout


def test_a_piece_of_shorter_ones_needs_no_recording(bed: Bed) -> None:
    bed.voice(engine="recordings", recordings=str(bed.folder))
    bed.record(["no.wav", "total.wav", "de.wav"])
    (piece,) = [one for one in bed.check()[1]["pieces"] if one["text"] == "no total de"]
    assert "assembled" == piece["state"]


def test_the_script_says_what_to_read_into_which_file(bed: Bed) -> None:
    bed.voice(engine="recordings", recordings=str(bed.folder), fallback=None)
    done = bed.run("check", "--script")
    assert 0 == done.exit_code
    lines = [line.split(None, 1) for line in done.stdout.splitlines() if line.startswith("  ")]
    assert bed.missing() == dict(lines)
    assert done.stdout.index("Frases") < done.stdout.index("ha.wav") < done.stdout.index("Números e dias")
    bed.record(list(bed.missing()))
    assert "fibra: não falta gravar nada." in bed.run("check", "--script").stdout


@pytest.mark.parametrize(
    ("effects", "form", "told"),
    [
        (("gain", "40", "pad", "0.2", "0.2"), WHOLE, "clipped"),
        (("gain", "-50", "pad", "0.2", "0.2"), WHOLE, "record it louder"),
        (("gain", "-12", "pad", "1.6", "0.2"), WHOLE, "1.6 s of silence before it"),
        (("gain", "-12", "pad", "0.2", "2.5"), WHOLE, "2.5 s of silence behind it"),
        (("gain", "-12", "pad", "0", "0.3"), WHOLE, "its beginning may be cut off"),
        (("gain", "-12", "pad", "0.3", "0"), WHOLE, "its end may be cut off"),
        (("gain", "-12", "pad", "0.2", "0.2"), ("-r", "44100", "-n", "-c", "2"), "2 channels, which are mixed"),
    ],
)
def test_what_is_wrong_with_a_recording_is_told(
    recorded: Bed, effects: tuple[str, ...], form: tuple[str, ...], told: str
) -> None:
    recorded.record(["vinte.wav"], *effects, form=form)
    code, found = recorded.check()
    assert 0 == code
    (fault,) = found["faults"]
    assert ("vinte.wav", False) == (fault["file"], fault["bad"])
    assert told in fault["what"]


@pytest.mark.parametrize(
    ("form", "told"),
    [(("-r", "6000", "-n"), "only 6000 samples a second"), (None, "it is no WAV file; record it anew")],
)
def test_a_recording_that_cannot_be_used_is_a_failure(
    recorded: Bed, form: tuple[str, ...] | None, told: str
) -> None:
    if form is None:
        (recorded.folder / "vinte.wav").write_bytes(b"mp3, in truth")
    else:
        recorded.record(["vinte.wav"], form=form)
    code, found = recorded.check()
    assert (1, "1 recording(s) cannot be used; see `collector voice check`") == (code, found["problem"])
    assert [("vinte.wav", True)] == [(one["file"], one["bad"]) for one in found["faults"]]
    assert told in found["faults"][0]["what"]
    assert told in recorded.run("check").stdout.replace("\n", " ")


def test_good_recordings_have_no_faults(recorded: Bed) -> None:
    assert (0, []) == (recorded.check()[0], recorded.check()[1]["faults"])


def test_espeak_and_a_command_are_tried(bed: Bed) -> None:
    bed.voice()
    assert "fibra (espeak): espeak works: " in bed.run("check").stdout
    bed.voice(engine="command", command={"program": ["espeak-ng", "-v", "pt-br", "--stdin", "--stdout"]})
    assert "fibra (command): command works: " in bed.run("check").stdout
    bed.voice(engine="command", command={"program": ["false"]})
    done = bed.run("check")
    assert (1, True) == (done.exit_code, "false failed with exit code 1" in done.stdout)


def test_doctor_tries_each_voice(bed: Bed) -> None:
    bed.voice()
    (good,) = bed.findings()
    assert ("fibra: voice", True) == (good.what, good.ok)
    bed.voice(engine="command", command={"program": ["/nowhere/piper"]})
    (bad,) = bed.findings()
    assert bad.ok is False  # though espeak-ng would stand in
    assert "/nowhere/piper cannot be started" in bad.detail
    bed.voice(engine="recordings", recordings=str(bed.folder))
    (noted,) = bed.findings()
    assert noted.ok is None
    assert "pieces are not recorded, espeak says them" in noted.detail
    bed.voice(engine="recordings", recordings=str(bed.folder), fallback=None)
    assert [False] == [one.ok for one in bed.findings()]
    bed.voice(engine="recordings", recordings="/nowhere")
    assert "correct voice.recordings" in bed.findings()[0].detail


def test_doctor_is_content_with_a_folder_that_is_complete(recorded: Bed) -> None:
    (found,) = recorded.findings()
    assert (True, True) == (found.ok, "recordings works" in found.detail)


def test_say_writes_what_a_callee_hears(bed: Bed, tmp_path: Path) -> None:
    bed.voice()
    done = bed.run("say", "Olá, Maria", "--out", str(tmp_path / "a.wav"))
    assert 0 == done.exit_code, done.output
    header = read_header((tmp_path / "a.wav").read_bytes())
    assert (1, 8000, 16) == (header.channels, header.rate, header.bits)
    with wave.open(str(tmp_path / "a.wav")) as sound:
        assert 0.4 < sound.getnframes() / 8000 < 3
    done = bed.run("say", "Olá, Maria")
    name = done.stdout.split()[-1]
    assert (bed.sounds / f"{name}.alaw").is_file()


def test_say_shows_the_failure_that_a_stand_in_would_hide(bed: Bed) -> None:
    bed.voice(engine="command", command={"program": ["false"]})
    done = bed.run("say", "Olá")
    assert isinstance(done.exception, SpeechError)
    assert "false failed with exit code 1" in str(done.exception)


def test_say_refuses_what_cannot_be_said(bed: Bed, tmp_path: Path) -> None:
    bed.voice()
    assert "control characters" in str(bed.run("say", "a\nb").exception)
    refused = bed.run("say", "Olá", "--out", str(tmp_path / "nowhere" / "a.wav"))
    assert "a.wav cannot be written" in str(refused.exception)
