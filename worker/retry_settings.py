"""What the YAML file may say about calling again: one rule an ending, merged with the ending's own default."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from worker.source_settings import Section

Number = Literal["same", "next"]  # the number just tried, or the others before it


class Again(Section):
    """After one ending. Never sooner than the gap between two tries."""

    after_hours: float = Field(0, ge=0, le=1440)
    number: Number = "same"
    in_a_row: int | None = Field(None, ge=1, le=100)  # after so many such endings in a row ...
    rest_days: int = Field(3, ge=1, le=90)  # ... the debtor is left alone for so long


class AfterPaid(Section):
    after_hours: float = Field(24, ge=0, le=1440)
    after_sync: bool = True  # and not before the bills have been read anew
    number: Number = "same"


class AfterPromise(Section):
    days_after: int = Field(1, ge=1, le=60)  # called again so many days after the promised one
    number: Number = "same"


class AfterTalk(Section):
    """The quiet period holds besides."""

    after_hours: float = Field(24, ge=0, le=1440)
    number: Number = "same"


class AfterUseless(Section):
    """The number itself is not called again for this debtor."""

    after_hours: float = Field(0, ge=0, le=1440)


def _never(value: object) -> object:
    if value != "never":
        raise ValueError("who asked never to be called again is not called again: write never, or leave it out")
    return value


def _useless(value: object) -> object:
    if isinstance(value, dict) and set(value) - {"after_hours"}:
        raise ValueError(
            "this number is never called again for this debtor, the others are: only after_hours may stand here"
        )
    return value


NoMoreThisNumber = Annotated[AfterUseless, BeforeValidator(_useless)]
_THREE, _WEEK = 3, 7  # days


class Retry(Section):
    """When a debtor is called again, by how the last call ended. A key left out of a rule keeps its default."""

    busy: Again = Again(in_a_row=9, rest_days=_THREE)
    no_answer: Again = Again(number="next", in_a_row=9, rest_days=_THREE)
    congestion: Again = Again()
    unreachable: Again = Again(number="next", in_a_row=6, rest_days=_WEEK)
    rejected: Again = Again(after_hours=24, number="next", in_a_row=3, rest_days=_WEEK)
    failed: Again = Again()  # or unknown
    machine: Again = Again(number="next", in_a_row=9, rest_days=_THREE)
    not_sure: Again = Again(number="next", in_a_row=9, rest_days=_THREE)
    hung_up_early: Again = Again(in_a_row=6, rest_days=_WEEK)
    heard: AfterTalk = AfterTalk()  # confirmed, and heard all
    promise: AfterPromise = AfterPromise()
    says_paid: AfterPaid = AfterPaid()
    wants_agent: AfterTalk = AfterTalk()
    transferred: AfterTalk = AfterTalk()
    invalid_number: NoMoreThisNumber = AfterUseless()
    wrong_person: NoMoreThisNumber = AfterUseless()
    opt_out: Annotated[Literal["never"], BeforeValidator(_never)] = "never"

    @model_validator(mode="before")
    @classmethod
    def _with_defaults(cls, data: object) -> object:
        """`busy: {after_hours: 2}` changes the hours and nothing else."""
        if not isinstance(data, dict):
            return data
        merged = {}
        for key, value in data.items():
            usual = cls.model_fields[key].default if key in cls.model_fields else None
            if isinstance(value, dict) and isinstance(usual, Again):
                value = {**usual.model_dump(), **value}  # noqa: PLW2901 - what is written over what is usual
            merged[key] = value
        return merged
