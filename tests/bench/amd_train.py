"""Trains the models in config/amd on the tuning half alone: python -m tests.bench.amd_train, a quarter of an hour
of two processors.

What is heard of the clips is worked out from them, as TALK_DETECT and the sound line would: the same clips give
the same models. The audio begins a few packets after the answer, as a line does, and lacks some.
"""

import argparse
import random
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from tests.bench import amd_clips, amd_known, amd_sound, rounds
from tests.bench.amd import AUDIO_MODEL, MODEL
from tests.bench.amd_clips import TUNING, Clip
from tests.bench.amd_line import HEARD_SECONDS
from worker.core.answering import Model, dumps
from worker.core.answering_training import Heard, Plan, train
from worker.core.hearing import FRAME
from worker.core.sound import PACKET, Hearing, Packet

LOST = 0.04  # share of packets that ChanSpy() leaves out while we speak
OPENING = (6, 9)  # packets that a line takes to open, at least and at most: ChanSpy() alone waits for five


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--copies", type=int, default=4, help="the half dealt so often (default %(default)s)")
    options = parser.parse_args(arguments)
    lessons = [one for copy in range(options.copies) for one in lessons_of(amd_clips.clips(TUNING, copy))]
    rounds.say(f"{len(lessons)} clips of the {TUNING} half")
    timing = [Heard(one.segments, one.seconds, one.machine, one.group) for one in lessons]
    with ProcessPoolExecutor(2) as pool:
        plans = Plan(), Plan(margin=0.0)  # by timing alone hardly a machine would be told with any
        for file, model in zip((AUDIO_MODEL, MODEL), pool.map(train, (lessons, timing), plans), strict=True):
            keep(file, model)
    return 0


def keep(file: Path, model: Model) -> None:
    file.write_text(dumps(model), encoding="utf-8")
    limits = f"{model.human} ({model.human_later} later) and {model.machine}"
    rounds.say(f"{file.name}: {len(model.trees)} trees, sure from {limits}")


def lessons_of(clips: Sequence[Clip]) -> list[Heard]:
    files = amd_sound.make(clips)
    with ProcessPoolExecutor() as pool:
        hearings = dict(zip(files, pool.map(hear, files.items()), strict=True))
    known = amd_known.recognised(hearings)
    return [
        Heard(
            amd_sound.stretches(amd_sound.read(files[clip.name])),
            HEARD_SECONDS,
            not clip.human,
            clip.sentence,
            hearings[clip.name].audio(),
            known.get(clip.name, float("inf")),
        )
        for clip in clips
    ]


def hear(clip: tuple[str, Path]) -> Hearing:
    """As over a sound line."""
    name, file = clip
    sound = amd_sound.alaw(file)
    dice = random.Random(name)
    hearing = Hearing()
    hearing.hear(
        [
            Packet(index * FRAME, sound[index * PACKET : (index + 1) * PACKET])
            for index in range(dice.randint(*OPENING), len(sound) // PACKET)
            if dice.random() >= LOST
        ]
    )
    return hearing


if __name__ == "__main__":
    raise SystemExit(main())
