"""A client's name as an ERP stores it, made into what may be said aloud to whoever picks up."""

import re
import unicodedata

LONGEST = 60
NOBODY = "a pessoa titular do cadastro"  # when the ERP's name holds none
PARTICLES = frozenset({"da", "de", "do", "das", "dos", "e", "di", "du", "del", "della", "von", "van"})
# words of a debt: none may be heard before the callee confirmed who they are (CDC art. 42, LGPD)
DEBT_WORD = re.compile(
    r"\b(faturas?\b|boletos?\b|d[ée]bitos?\b|d[íi]vidas?\b|deve(m|dor|dora|ndo)?\b|valor(es)?\b|vencid|vencimento"
    r"|pag(a|ar|as|o|os|ou|ue|uem|amentos?)\b|cobran|inadimpl|atras[ao]|parcelas?\b|mensalidades?\b|negativa[dç]"
    r"|protest[ao]|centavos?\b|rea(l|is)\b)|r\$",
    re.IGNORECASE,
)
# what offices write into the name's field about the client
_REMARK = re.compile(
    r"(inadimpl|inativ|cancel|bloque|suspens|desativ|desist|falecid|devedor|negativa|jur[íi]dic|teste?$|cliente$|n[ãa]o$)",
    re.IGNORECASE,
)
_END = re.compile(r"\s-|-\s|[^\w\s'.-]|[\d_]")  # after a name: remarks, numbers, brackets


def spoken_name(stored: str) -> str:
    """First and last name, title-cased, letters, space, hyphen and apostrophe only; NOBODY when there is none."""
    text = unicodedata.normalize("NFC", stored).replace("’", "'").replace("`", "'").replace("´", "'")
    start = next((at for at, char in enumerate(text) if _latin(char)), len(text))
    text = _END.split(text[start:], maxsplit=1)[0].replace(".", " ")
    words = [word for word in (_letters(part) for part in text.split()) if word and _sayable(word)]
    while words and words[-1].lower() in PARTICLES:
        words.pop()
    if not words:
        return NOBODY
    chosen = [words[0], words[-1]] if len(words) > 1 else words
    share = (LONGEST - len(chosen) + 1) // len(chosen)
    return " ".join(_title(word)[:share].rstrip("-'") for word in chosen)


def _latin(char: str) -> bool:
    return char.isalpha() and (char.isascii() or unicodedata.name(char, "").startswith("LATIN"))


def _letters(word: str) -> str:
    return "".join(char for char in word if _latin(char) or char in "'-").strip("'-")


def _sayable(word: str) -> bool:
    return not DEBT_WORD.search(word) and not _REMARK.match(word)


def _title(word: str) -> str:
    return unicodedata.normalize(
        "NFC", re.sub(r"[^\W_]+", lambda part: part[0][0].upper() + part[0][1:].lower(), word)
    )
