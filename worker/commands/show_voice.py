"""What `collector voice check` prints: a table, one JSON document, or a script for a speaker (in Portuguese)."""

from collections.abc import Sequence

from rich.markup import escape
from rich.table import Column, Table

from worker.commands import show
from worker.settings import Instance
from worker.speech.audio import RATE
from worker.speech.stock import Piece, State
from worker.voice_check import Found

Checked = Sequence[tuple[Instance, Found]]
FIGURES = ("amounts", "bills", "days")
HOW = f"""\
Grave cada linha num arquivo próprio, com o nome indicado: WAV, {RATE} Hz ou mais, um canal, numa sala silenciosa.
Fale sempre à mesma distância do microfone, no mesmo ritmo, com um instante de silêncio antes e depois.
Os números ficam no meio da frase: leia sem baixar a voz no fim.
Pedaços mais longos soam melhor e são usados quando existem, por exemplo cento-e-vinte.wav."""


def table(found: Checked) -> str:
    """Per instance a sentence, then what is missing or wrong."""
    parts: list[str] = []
    for instance, one in found:
        parts.append(f"{instance.id} ({instance.voice.engine}): {one.problem or one.works}")
        if one.pieces:
            counts = ", ".join(f"{one.count(state)} {state}" for state in State)
            parts.append(f"{len(one.pieces)} pieces: {counts}; names of clients: {_by(instance)}")
        if lacking := _lacking(one):
            rows = [(piece.use, piece.text, piece.file, _by(instance)) for piece in lacking]
            parts.append(_grid(("for", "text", "record it as", "now"), rows))
        if one.faults:
            wrong = [("BAD" if fault.bad else "note", fault.file, fault.what) for fault in one.faults]
            parts.append(_grid(("", "file", "found"), wrong))
    return "\n".join(parts)


def _grid(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    drawn = Table(*(Column(name, overflow="fold") for name in columns))  # the name of a file that is cut is no use
    for row in rows:
        drawn.add_row(*map(escape, row))
    return show.as_text(drawn)


def as_json(found: Checked) -> str:
    return show.as_json(
        [
            {
                "instance": instance.id,
                "engine": instance.voice.engine,
                "fallback": instance.voice.fallback,
                "problem": one.problem,
                "works": one.works,
                "pieces": [
                    {"text": piece.text, "file": piece.file, "for": piece.use, "state": piece.state}
                    for piece in one.pieces
                ],
                "faults": [{"file": fault.file, "what": fault.what, "bad": fault.bad} for fault in one.faults],
            }
            for instance, one in found
        ]
    )


def script(found: Checked) -> str:
    """What somebody reads who lends the house his voice. Only what is missing."""
    parts: list[str] = []
    for instance, one in found:
        if instance.voice.engine != "recordings":
            parts.append(f"{instance.id}: a voz é {instance.voice.engine}, não há o que gravar.")
            continue
        lacking = _lacking(one)
        if not lacking:
            parts.append(f"{instance.id}: não falta gravar nada. {one.problem}".rstrip())
            continue
        parts += [f"Empresa {instance.company}: {len(lacking)} gravações em {instance.voice.recordings}", "", HOW]
        for title, figures in (("Frases", False), ("Números e dias", True)):
            chosen = [piece for piece in lacking if (piece.use in FIGURES) is figures]
            width = max((len(piece.file) for piece in chosen), default=0)
            parts += ["", title, *(f"  {piece.file:{width}}   {piece.text}" for piece in chosen)] if chosen else []
    return "\n".join(parts)


def _lacking(one: Found) -> list[Piece]:
    return [piece for piece in one.pieces if piece.state is State.MISSING]


def _by(instance: Instance) -> str:
    return f"said by {instance.voice.fallback}" if instance.voice.fallback else "MISSING"
