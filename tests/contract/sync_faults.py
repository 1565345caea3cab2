"""What an answer of the ERP may suffer from, page by page, and what a sync must make of it: the table of both."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from typing import Final

from tests.contract.sync_bed import BILLS, CLIENTS, SyncBed

FIRST, MIDDLE, LAST = EVERYWHERE = ("first", "middle", "last")
IXC, RBX = EITHER = ("ixc", "rbx")
BOTH = (BILLS, CLIENTS)

Deed = Callable[
    [SyncBed, str, str], None
]  # (bed, job, place): done after the good first sync, before the faulty one


class Left(Enum):
    """What is open, or active, after the faulty sync; the value is what the history says of it."""

    KNOWN = "failed"  # exactly what was known before
    DOUBTED = "alarm"  # the same, and a person is told to look
    TRUTH = "done"  # what is truly owed; only a row that could not be read stays as it was known
    TOLD = "done, and short"  # what the ERP said: nothing in what it said could give it away


@dataclass(frozen=True, slots=True)
class Case:
    name: str
    deed: Deed
    left: Left
    says: str = ""  # pattern of the sentence in the history
    erps: tuple[str, ...] = EITHER
    jobs: tuple[str, ...] = BOTH
    places: tuple[str, ...] = EVERYWHERE


def sent(kind: str, times: int | None = None) -> Deed:
    """The stand-in answers with that fault, from that page on."""
    return lambda bed, job, where: bed.land.send(kind, job, where, times)


def key_at(bed: SyncBed, job: str, where: str) -> str:
    keys = list(bed.rows(job).keys() & bed.land.truth[job].keys())
    keys.sort(key=list(bed.land.truth[job]).index)
    return keys[{FIRST: 0, MIDDLE: len(keys) // 2, LAST: -1}[where]]


def unreadable(column: str, value: str) -> Deed:
    """A row of that page that was good when it was read last. A `+` before the value: put after what is there."""

    def deed(bed: SyncBed, job: str, where: str) -> None:
        land, key = bed.land, key_at(bed, job, where)
        old = land.edit(job, key, **{column: value})[column]
        land.edit(job, key, **{column: old})
        land.spoil(job, key, **{column: old + value[1:] if value.startswith("+") else value})
        land.kept[key] = bed.rows(job)[key]

    return deed


def bad_phone(bed: SyncBed, job: str, where: str) -> None:
    """The client is read, and loses what is no number any more."""
    key = next(key for key in _onwards(bed, job, where) if _numbers_without_first(bed, key))
    bed.land.spoil(job, key, phone="recado com a Bia")
    bed.land.kept[key] = (bed.land.person(key)[0], _numbers_without_first(bed, key))


def _onwards(bed: SyncBed, job: str, where: str) -> list[str]:
    """From that place on; from the end, backwards."""
    known = bed.rows(job)
    keys = [key for key in bed.land.truth[job] if key in known]
    return keys[::-1] if where == LAST else keys[keys.index(key_at(bed, job, where)) :]


def _numbers_without_first(bed: SyncBed, key: str) -> frozenset[str]:
    one = next(one for one in bed.land.world.clients if str(one.client_id) == key)
    left = frozenset(phone.number for phone in one.phones[1:] if phone.number)
    return left if left != frozenset(one.numbers) else frozenset()


def paid_between(bed: SyncBed, job: str, where: str) -> None:
    """One that has been read stays until the next sync; one that has not is gone at once."""
    land, pages = bed.land, bed.pages[job]
    read, unread = next(iter(land.truth[job])), key_at(bed, job, LAST)
    land.kept[read] = bed.rows(job)[read]
    if where == LAST:
        land.kept[unread] = bed.rows(job)[unread]
    for key in (read, unread):
        del land.truth[job][key]

    def pay() -> None:
        land.pay(read)
        land.pay(unread)

    land.between[{FIRST: 1, MIDDLE: pages // 2, LAST: pages}[where]] = pay


def moved_on(bed: SyncBed, job: str, where: str) -> None:
    """A bill that has been read gets a later due day, which has not been read."""
    _moved(bed, job, where, next(iter(bed.land.truth[job])), key_at(bed, job, LAST))


def moved_back(bed: SyncBed, job: str, where: str) -> None:
    """A bill that has not been read gets an earlier due day, which has been read."""
    _moved(bed, job, where, key_at(bed, job, LAST), next(iter(bed.land.truth[job])))


def _moved(bed: SyncBed, job: str, where: str, key: str, model: str) -> None:
    land = bed.land

    def move() -> None:
        day = land.edit(job, model, due="")["due"]
        land.edit(job, model, due=day)
        land.edit(job, key, due=day)

    land.between[{FIRST: 1, MIDDLE: bed.pages[job] // 2}[where]] = move


def halved(bed: SyncBed, job: str, where: str) -> None:
    """Somebody paid half of a bill: no fault, and no row may suffer from it."""
    key = key_at(bed, job, where)
    bed.land.edit(job, key, amount="0.50")
    bed.land.truth[job][key] = Decimal("0.50")


CASES: Final = (
    # --- no answer at all: nothing may be concluded from it ---
    Case("500", sent("500"), Left.KNOWN, r"failed \(HTTP 500\)"),
    Case("504", sent("504"), Left.KNOWN, r"failed \(HTTP 504\)"),
    Case("timeout", sent("hang"), Left.KNOWN, "did not answer within 0.2 seconds"),
    Case("reset in the body", sent("reset"), Left.KNOWN, "failed or broke off"),
    # --- an answer that is no list ---
    Case("page with HTTP 200", sent("html_error"), Left.KNOWN, "error page"),
    Case("login page", sent("login_page"), Left.KNOWN, "a login page instead of data"),
    Case("truncated JSON", sent("truncated"), Left.KNOWN, "breaks off in the middle of its JSON"),
    # --- refused from that page on: a token revoked, an address taken off the list, while we read ---
    Case("wrong token", sent("401"), Left.KNOWN, "refused the token", erps=(IXC,)),
    Case("wrong key", sent("bad_key"), Left.KNOWN, "refuses the key", erps=(RBX,)),
    Case("address refused", sent("ip_refusal"), Left.KNOWN, "does not allow this machine's address", erps=(IXC,)),
    Case("address refused", sent("403"), Left.KNOWN, "refused the request", erps=(RBX,)),
    # --- a list that is not whole, and can be told by itself ---
    Case("total above the rows", sent("total_mismatch"), Left.KNOWN, "rows are left but sent none", erps=(IXC,)),
    Case("total without rows", sent("no_rows"), Left.KNOWN, "rows are left but sent none", erps=(IXC,)),
    Case("a row twice on a page", sent("duplicates"), Left.KNOWN, "the same rows twice"),
    Case("a row on two pages", sent("overlap"), Left.KNOWN, "the same rows twice", erps=(IXC,)),
    # of the first page there is no page before; of RBX's clients another code than asked for tells it first
    Case(
        "a page again", sent("repeated"), Left.KNOWN, "the same rows twice|another Codigo", places=(MIDDLE, LAST)
    ),
    # --- an end that comes too early: told by the count, or by asking once more ---
    Case("empty half way", sent("empty"), Left.KNOWN, "sent only", erps=(IXC,), places=(MIDDLE, LAST)),
    Case("half a page is all", sent("shrink"), Left.KNOWN, "sent only", erps=(IXC,), places=(MIDDLE, LAST)),
    # so few might have been paid meanwhile: counted once more, they are still there
    Case("one row short", sent("clipped"), Left.KNOWN, "says there are .+ sent only", erps=(IXC,), places=(LAST,)),
    Case("one empty answer", sent("empty", 1), Left.KNOWN, "found n.+ and then", erps=(RBX,)),
    # --- whole by all that the ERP says: the alarm alone can tell ---
    Case("empty", sent("empty"), Left.DOUBTED, "has no (bills|clients) any more", places=(FIRST,)),
    Case("half a page is all", sent("shrink"), Left.DOUBTED, "% fewer", erps=(IXC,), places=(FIRST,)),
    Case("40 % fewer", sent("fewer"), Left.DOUBTED, "(39|4[0-9]) % fewer", erps=(IXC,), places=(FIRST,)),
    Case(
        "half of all rows",
        sent("shrink", 0),
        Left.DOUBTED,
        "(4[5-9]|5[0-9]) % fewer",
        erps=(RBX,),
        places=(FIRST,),
    ),
    # --- too few from some page on, by less than the alarm minds ---
    # the count falls faster than anybody pays
    Case("40 % fewer", sent("fewer"), Left.KNOWN, "and then sent only", (IXC,), (BILLS,), (MIDDLE,)),
    Case("40 % fewer", sent("fewer"), Left.KNOWN, "and then sent only", (IXC,), (CLIENTS,), (MIDDLE, LAST)),
    # asked for by name, the bills left out are open: a contradiction
    Case("40 % fewer", sent("fewer"), Left.KNOWN, "open when asked", (IXC,), (BILLS,), (LAST,)),
    Case("half of all rows", sent("shrink", 0), Left.KNOWN, "open when asked", (RBX,), (BILLS,), (MIDDLE, LAST)),
    # RBX counts nothing, and no client is asked for by name: they are left alone until the next good list
    Case("half of all rows", sent("shrink", 0), Left.TOLD, "", (RBX,), (CLIENTS,), (MIDDLE, LAST)),
    # --- a whole answer with a row that cannot be read: it stays, the others move on ---
    Case("bad date", unreadable("due", "+x"), Left.TRUTH, jobs=(BILLS,)),
    Case("bad amount", unreadable("amount", "12,3x"), Left.TRUTH, jobs=(BILLS,)),
    Case("no name", unreadable("name", ""), Left.TRUTH, jobs=(CLIENTS,)),
    Case("bad phone", bad_phone, Left.TRUTH, jobs=(CLIENTS,)),
    # --- people go on living while we read ---
    Case("paid between pages", paid_between, Left.TRUTH, jobs=(BILLS,)),
    Case("half paid", halved, Left.TRUTH, jobs=(BILLS,)),
    # by id a moved bill is read once; by due day it is read twice, or not at all and then open when asked
    Case("moved on", moved_on, Left.TRUTH, "", (IXC,), (BILLS,), (FIRST, MIDDLE)),
    Case("moved back", moved_back, Left.TRUTH, "", (IXC,), (BILLS,), (FIRST, MIDDLE)),
    Case("moved on", moved_on, Left.KNOWN, "the same rows twice", (RBX,), (BILLS,), (FIRST, MIDDLE)),
    Case("moved back", moved_back, Left.KNOWN, "open when asked", (RBX,), (BILLS,), (FIRST, MIDDLE)),
)
