"""What the YAML file may say about dialling: trunk, hours, limits, pace, brakes."""

import re
from datetime import date, time
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from worker.retry_settings import Retry
from worker.source_settings import Section


def _number(text: str) -> str:
    if not re.fullmatch(r"\+[1-9][0-9]{7,14}", text):
        raise ValueError("write the number as +55, area code and number, digits only: +551133330000")
    return text


def _city(text: str) -> str:
    if not any(letter.isalpha() for letter in text):
        raise ValueError("write the name of a city: {Campinas: [2026-12-08]}")
    return text


def _endpoint(text: str) -> str:
    if not re.fullmatch(r"(PJSIP|SIP|DAHDI|Khomp|IAX2)/[A-Za-z0-9{}@/._+-]+", text) or "{number}" not in text:
        raise ValueError("write it like PJSIP/{number}@trunk, with {number} where the number goes")
    if set(re.findall(r"\{(.*?)\}", text)) != {"number"}:
        raise ValueError("only {number} may stand in braces here; area code forms belong in number_format")
    return text


def _number_format(text: str) -> str:
    if not re.fullmatch(r"[0-9+*#]*(\{(e164|ddd|local|national)\}|[0-9+*#])+", text) or "{" not in text:
        raise ValueError("use {national}, {ddd}{local} or {e164}, with digits before or between: 0{national}")
    return text


State = Literal[
    "", "AC", "AL", "AM", "AP", "BA", "CE", "DF", "ES", "GO", "MA", "MG", "MS", "MT",
    "PA", "PB", "PE", "PI", "PR", "RJ", "RN", "RO", "RR", "RS", "SC", "SE", "SP", "TO",
]  # fmt: skip
Number = Annotated[str, AfterValidator(_number)]
City = Annotated[str, AfterValidator(_city)]


class Trunk(Section):
    endpoint: Annotated[str, AfterValidator(_endpoint)]
    number_format: Annotated[str, AfterValidator(_number_format)] = "{national}"
    group: str = Field("", pattern=r"^[A-Za-z0-9_]{0,20}$")  # Issabel's GROUP, for instance OUT_1
    name: str = Field("", pattern=r"^[A-Za-z0-9_.-]{0,30}$")  # the same for all that share it; default: group
    channels: int | None = Field(None, ge=1, le=5000)  # calls it carries at once, everybody's together
    keep_free: int = Field(0, ge=0, le=1000)  # of them, left to the office

    @property
    def known_as(self) -> str:
        """Its name: as written, or the group, or what stands behind the @ of the endpoint."""
        return self.name or self.group or re.sub(r"[^A-Za-z0-9_.-]", "_", self.endpoint.rpartition("@")[2])[:30]

    @model_validator(mode="after")
    def _some_left(self) -> "Trunk":
        if self.channels is not None and self.keep_free >= self.channels:
            raise ValueError("keep_free leaves no channel of the trunk to call with")
        return self


class Span(Section):
    """From one time of day to another, the end excluded; 24:00 is the end of the day."""

    start: time
    end: time

    @model_validator(mode="after")
    def _forward(self) -> "Span":
        if self.start >= self.end:
            raise ValueError("the start must be before the end")
        return self


def read_span(text: object) -> object:
    """The text of a span as what `Span` takes; ValueError when it is none."""
    if text is None or isinstance(text, Span | dict):
        return text
    match = re.fullmatch(r"([0-2]\d:[0-5]\d)-([0-2]\d:[0-5]\d)", str(text))
    if not match:
        raise ValueError("write a span like 08:00-19:00, or leave the day empty (null) for no calls")
    return {"start": match[1], "end": time.max if match[2] == "24:00" else match[2]}


class Window(Section):
    """When people may be called, by weekday, in the instance's zone. Empty: not that day."""

    monday: Span | None
    tuesday: Span | None
    wednesday: Span | None
    thursday: Span | None
    friday: Span | None
    saturday: Span | None
    sunday: Span | None = None
    holidays: bool = True  # national and state holidays are closed
    optional_days: bool = False  # Carnaval, Corpus Christi and their like are closed too
    state: State = ""  # whose holidays count too; empty: national only
    closed_days: tuple[date, ...] = ()  # company holidays
    cities: dict[City, tuple[date, ...]] = Field({})  # name of a city -> its holidays, for clients who live there

    @model_validator(mode="before")
    @classmethod
    def _days(cls, data: object) -> object:
        if not isinstance(data, dict):
            return data
        weekdays = data.pop("weekdays", None) if "weekdays" in (data := dict(data)) else None
        for day in ("monday", "tuesday", "wednesday", "thursday", "friday"):
            data.setdefault(day, weekdays)
        data.setdefault("saturday", None)
        days = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
        return {key: read_span(value) if key in days else value for key, value in data.items()}


DEFAULT_WINDOW = Window.model_validate({"weekdays": "08:00-19:00", "saturday": "08:00-13:00"})


class StillUnpaid(Section):
    """The question put to the ERP just before each call."""

    ask: bool = True
    timeout_seconds: float = Field(5.0, gt=0, le=60)
    remember_minutes: float = Field(5.0, ge=0, le=60)
    trust_sync_minutes: int = Field(0, ge=0, le=1440)  # no answer: call if the bills are no older; 0: do not call
    ahead: int = Field(60, ge=0, le=1000)  # so many of the next debtors are asked about before their turn


class Rules(Section):
    minimum_days_to_charge: int = Field(7, ge=0, le=3650)
    maximum_days_overdue: int = Field(365, ge=1, le=3650)  # older bills are left to people
    dial_per_day: int = Field(3, ge=1, le=10)
    dial_interval_hours: float = Field(4.0, ge=0.25, le=168)
    dial_per_week: int | None = Field(None, ge=1, le=70)  # in any seven days; None: no such cap
    debtor_per_day: int = Field(3, ge=1, le=10)  # all numbers of one debtor together
    debtor_interval_hours: float = Field(4.0, ge=0.25, le=168)
    debtor_per_week: int | None = Field(None, ge=1, le=70)
    quiet_days: int = Field(7, ge=0, le=60)  # after a conversation with the right person; a promise: until its day
    order: Literal["oldest", "amount", "score"] = "oldest"  # who is called first
    best_hour: bool = False  # try first who answered at this hour before
    window: Window = DEFAULT_WINDOW
    retry: Retry = Retry()
    shrink_alarm_percent: int = Field(30, ge=1, le=100)
    due_soon_days: int = Field(5, ge=0, le=60)  # bills falling due so soon are fetched and shown; nobody is called
    read_contracts: bool = True  # they tell who wants no notices until a day; false: neither read nor heeded
    still_unpaid: StillUnpaid = StillUnpaid()


class Dialling(Section):
    origination: Literal["ari", "callfile"] = "ari"
    channels: int = Field(10, ge=1, le=1000)
    calls_per_second: float = Field(5.0, gt=0, le=500)
    ring_seconds: int = Field(30, ge=5, le=120)
    max_call_seconds: int = Field(240, ge=30, le=3600)
    ramp_up_seconds: int = Field(0, ge=0, le=3600)  # from a tenth of calls_per_second to all of it
    conversations: int | None = Field(None, ge=1, le=1000)  # people on the line at once to aim at; None: channels
    batch_every_minutes: int | None = Field(None, ge=1, le=240)  # None: all the time
    test_numbers: tuple[Number, ...] = ()  # with --debug called at any hour


class Brakes(Section):
    """When the dialler stops by itself, and says so."""

    storm_calls: int = Field(20, ge=5, le=1000)  # fewer within storm_minutes are no storm
    storm_percent: int = Field(60, ge=10, le=100)  # of them congested, or rejected
    storm_minutes: int = Field(10, ge=1, le=120)
    pause_minutes: int = Field(15, ge=0, le=1440)  # then it tries again; 0: until `collector resume`
    short_call_ratio: float = Field(0.85, gt=0, le=1)  # Anatel's line of a day ...
    short_call_calls: int = Field(100_000, ge=100)  # ... which counts from so many calls of a day
    short_call_margin: float = Field(0.95, gt=0, le=1)  # brake at this share of both
    calls_per_month: int = Field(500_000, ge=1000)  # Anatel's line of the large caller, a provider and month
    stop_at_calls_per_month: bool = False  # brake there; false: only an alarm
    alarm_after_seconds: int = Field(60, ge=5, le=3600)  # an obstacle (no handler, no PBX) that lasts so long
