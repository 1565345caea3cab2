"""The clip set of `bench amd` and what is counted of it; no PBX."""

import array
import shutil
import wave
from collections import Counter
from pathlib import Path

import pytest

from tests.bench import amd, amd_clips, amd_known, amd_sound
from tests.bench.amd_clips import HALVES, HELD_OUT, TUNING, Clip, Pause, Speech, Tone
from tests.bench.amd_line import Heard, Verdict, agreement
from tests.unit.made_sound import heard, packets, tone, voice
from tests.unit.small_model import AUDIO_MODEL
from worker.core.answering import Model
from worker.core.hearing import Segment

QUIET = amd_clips.Line()


def test_each_half_has_at_least_150_people_and_150_machines_of_many_kinds() -> None:
    for half in HALVES:
        found = amd_clips.clips(half)
        assert {True: 160, False: 160} == Counter(clip.human for clip in found)
        assert 10 == len({clip.kind for clip in found if clip.human})
        assert 7 == len({clip.kind for clip in found if not clip.human})
        assert len(found) == len({clip.name for clip in found})


def test_the_halves_share_no_sentence_and_no_voice() -> None:
    tuning, held_out = ([clip for copy in (0, 1, 2) for clip in amd_clips.clips(half, copy)] for half in HALVES)
    assert set() == {clip.sentence for clip in tuning} & {clip.sentence for clip in held_out}
    assert set() == {clip.voice for clip in tuning} & {clip.voice for clip in held_out}
    assert set() == {text for text, _ in amd_clips.spoken(tuning)} & {
        text for text, _ in amd_clips.spoken(held_out)
    }
    assert set() == {voice for _, voice in amd_clips.spoken(tuning)} & {
        voice for _, voice in amd_clips.spoken(held_out)
    }


def test_the_set_is_the_same_every_time_and_a_copy_is_another_one() -> None:
    assert amd_clips.clips(TUNING) == amd_clips.clips(TUNING)
    assert set() == {clip.name for clip in amd_clips.clips(TUNING)} & {
        clip.name for clip in amd_clips.clips(TUNING, 1)
    }


def test_a_carriers_recording_is_the_same_from_every_number() -> None:
    played = [clip for clip in amd_clips.clips(HELD_OUT) if clip.kind == "operator"]
    by_text = Counter(clip.sentence for clip in played)
    assert min(by_text.values()) >= 4
    for text in by_text:
        assert 1 == len({clip.parts[1:] for clip in played if clip.sentence == text})  # but for the first pause


def make(folder: Path, *parts: Pause | Speech | Tone, line: amd_clips.Line = QUIET) -> Path:
    clip = Clip("one", TUNING, True, "one word", "x", "y", parts, line)
    return amd_sound.make([clip], folder)["one"]


@pytest.mark.skipif(shutil.which("sox") is None, reason="sox is not installed")
def test_a_clip_is_eight_seconds_and_its_stretches_are_where_they_were_put(tmp_path: Path) -> None:
    file = make(tmp_path, Pause(0.5), Tone((1000,), 0.4), Pause(1.0), Tone((1000,), 3.0, on=0.5, off=1.0))
    samples = amd_sound.read(file)
    assert 8 * amd_sound.RATE == len(samples)
    found = [(round(one.start, 1), round(one.end, 1)) for one in amd_sound.stretches(samples)]
    assert [(0.5, 0.9), (1.9, 2.4), (3.4, 3.9)] == found
    assert [file] == list(tmp_path.glob("*"))  # nothing half made is left


@pytest.mark.skipif(shutil.which("sox") is None, reason="sox is not installed")
def test_a_clip_is_made_once_and_the_same_again(tmp_path: Path) -> None:
    line = amd_clips.Line(hiss=50, street=300, lost=0.05)
    first, again = (
        make(tmp_path / "a", Tone((700,), 1.0), line=line),
        make(tmp_path / "b", Tone((700,), 1.0), line=line),
    )
    assert first.read_bytes() == again.read_bytes()
    before = first.stat().st_mtime_ns
    assert before == make(tmp_path / "a", Tone((700,), 1.0), line=line).stat().st_mtime_ns


def test_a_stretch_that_lasts_to_the_end_is_open() -> None:
    samples = array.array("h", [0] * 800 + [3000] * 800)
    assert (Segment(0.1, 0.2),) == tuple(
        Segment(round(one.start, 3), round(one.end, 3)) for one in amd_sound.stretches(samples)
    )


def put(folder: Path, name: str, rate: int = 8000) -> None:
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(folder / name), "wb") as sound:
        sound.setparams((1, 2, rate, 0, "NONE", ""))
        sound.writeframes(bytes(3200))


def test_a_folder_of_ones_own_replaces_the_set(tmp_path: Path) -> None:
    put(tmp_path, "human/a.wav")
    put(tmp_path, "machine/a.wav")
    clips, files = amd.given_set(tmp_path)
    assert {"human/a.wav": True, "machine/a.wav": False} == {clip.name: clip.human for clip in clips}
    assert {amd.GIVEN} == {clip.half for clip in clips}
    assert tmp_path / "machine" / "a.wav" == files["machine/a.wav"]


def test_a_folder_without_machines_or_with_other_sound_is_refused(tmp_path: Path) -> None:
    put(tmp_path, "human/a.wav")
    with pytest.raises(SystemExit, match=r"machine holds no \.wav"):
        amd.given_set(tmp_path)
    put(tmp_path, "machine/a.wav", rate=16000)
    with pytest.raises(SystemExit, match="not 8 kHz mono"):
        amd.given_set(tmp_path)


def test_an_undecided_call_is_neither_false_and_costs_all_its_time() -> None:
    found = [
        (True, Verdict("HUMAN", 1.0)),
        (True, Verdict("MACHINE", 2.0)),
        (True, Verdict("NOTSURE", 6.0)),
        (True, Verdict("HUMAN", 1.2)),
        (False, Verdict("HUMAN", 1.4)),
        (False, Verdict("NOTSURE", 6.0)),
    ]
    one = amd.score(found)
    assert (0.25, 0.25) == (one.false_machine, one.people_not_sure)
    assert (0.5, 0.5) == (one.false_human, one.machines_not_sure)
    assert (1.7, 1.3) == (round(one.median_seconds, 3), round(one.decided_seconds, 3))


def verdicts(person: str, machine: str, seconds: float) -> list[tuple[str, Clip, Verdict]]:
    people = [Clip(f"p{index}", HELD_OUT, True, "polite", "", "", (), QUIET) for index in range(20)]
    machines = [Clip(f"m{index}", HELD_OUT, False, "menu", "", "", (), QUIET) for index in range(20)]
    said = [(clip, Verdict(person if clip.human else machine, seconds)) for clip in people + machines]
    return [(name, clip, verdict) for name in (amd.STOCK, amd.KNOWN) for clip, verdict in said]


@pytest.mark.parametrize(
    ("person", "machine", "seconds", "code"),
    [
        ("HUMAN", "MACHINE", 1.4, 0),
        ("HUMAN", "MACHINE", 1.5, 1),  # under 1.5 s was wanted
        ("MACHINE", "MACHINE", 1.4, 1),
        ("HUMAN", "HUMAN", 1.4, 1),
    ],
)
def test_a_missed_target_is_told_by_the_exit_code(
    person: str, machine: str, seconds: float, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert code == amd.report(verdicts(person, machine, seconds), 1, as_json=True, kinds=True)
    said = capsys.readouterr().out
    assert ("all met" in said, "missed" in said) == (code == 0, code == 1)
    assert said.splitlines()[-1].startswith('{"bench": "amd"')


def test_a_recording_known_from_other_numbers_is_a_machine_before_the_verdict() -> None:
    played, alone = heard(voice(2.0, seed=50), at=0.5), heard(voice(2.0, seed=51), at=0.5)
    known = amd_known.recognised({**dict.fromkeys("abcde", played), "alone": alone})
    assert dict.fromkeys("abcde", 0.9) == {name: round(moment, 3) for name, moment in known.items()}
    late, early = Verdict("NOTSURE", 6.0), Verdict("HUMAN", 0.8)
    assert ["MACHINE", "HUMAN"] == [amd.sooner(verdict, known["a"]).status for verdict in (late, early)]
    assert late == amd.sooner(late, known.get("alone"))


def test_what_only_two_others_played_is_no_recording() -> None:
    assert {} == amd_known.recognised(dict.fromkeys("abc", heard(voice(2.0, seed=50))))


def test_the_classifier_is_asked_look_after_look() -> None:
    never = Model(0.0, (), -1.0, -1.0, 1.0, 2.0)
    assert Verdict("NOTSURE", 2.0) == amd.judged(never, Heard((), ()))


def test_it_is_judged_by_the_packets_that_have_come() -> None:
    whistle = Heard((Segment(0.3, 3.0),), tuple(packets(tone(1000, 3.0), at=0.42)))
    assert Verdict("MACHINE", 1.0) == amd.judged(AUDIO_MODEL, whistle)  # after more than half a second of it


def test_agreement_is_by_packets_and_the_clip_may_begin_a_little_later() -> None:
    one = [Segment(0.5, 1.5), Segment(2.0, 3.0)]
    assert 1.0 == agreement(one, [Segment(0.4, 1.4), Segment(1.9, 2.9)])
    assert 1.0 == agreement([], [])
    assert agreement(one, [Segment(0.0, 0.2)]) < 0.9
    assert 0.8 < agreement(one, [Segment(0.5, 1.5)]) < 0.9
