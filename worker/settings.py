"""What one YAML file may say. Checked whole before anything runs; loading is in `configfile.py`."""

import re
from datetime import time
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, SecretStr, model_validator

from worker.dial_settings import Brakes, Dialling, Number, Rules, Trunk
from worker.hook_settings import PaymentHook
from worker.hosts import is_this_machine
from worker.source_settings import Identifier, Section, Source, WebAddress
from worker.talk_settings import Conversation, RecordingSettings
from worker.voice_settings import VoiceSettings

ROOT = Path(__file__).resolve().parents[1]  # where sql/, dialplan/ and config/ lie
AMD_MODEL = ROOT / "config" / "amd" / "pt_BR.json"  # as shipped
AMD_AUDIO_MODEL = ROOT / "config" / "amd" / "pt_BR_audio.json"
LEGAL_RULES = ROOT / "config" / "rules" / "br.yaml"  # as shipped


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValueError(f"{name!r} is not a time zone; write one like America/Sao_Paulo") from None
    return name


Zone = Annotated[str, AfterValidator(_zone)]


class Database(Section):
    """The PBX's own MariaDB or MySQL server."""

    host: str = "127.0.0.1"
    port: int = Field(3306, ge=1, le=65535)
    socket: Path | None = None  # used instead of host and port when given
    user: str
    password: SecretStr
    schema_name: Identifier = Field("collector", alias="schema")
    cdr_schema: Identifier = "asteriskcdrdb"
    cdr_table: Identifier = "cdr"
    call_center_schema: Identifier = "call_center"  # Issabel's own dialler: its dont_call is honoured
    pool: int = Field(16, ge=2, le=200)


class Ari(Section):
    url: WebAddress = "http://127.0.0.1:8088"  # Asterisk's HTTP server, without /ari
    user: str
    password: SecretStr
    app: Identifier = "collector"
    timeout_seconds: float = Field(5.0, gt=0, le=60)

    @property
    def on_this_machine(self) -> bool:
        """Whether the PBX is reached without leaving this machine."""
        return is_this_machine(urlsplit(self.url).hostname or "")


class Agi(Section):
    host: str = "127.0.0.1"
    port: int = Field(4573, ge=1, le=65535)


def _dialplan_path(path: Path) -> Path:
    if not re.fullmatch(r"(/[A-Za-z0-9_-][A-Za-z0-9._-]*)+", str(path)):
        raise ValueError(
            "must be an absolute path of letters, digits, dots, dashes and underscores: it stands in the dialplan"
        )
    return path


class Pbx(Section):
    """The PBX this machine runs."""

    name: str = Field("local", pattern=r"^[a-z0-9][a-z0-9_-]{0,19}$")  # which instances are dialled from here
    ari: Ari | None = None  # None: only call files
    agi: Agi = Agi()
    spool: Path = Path("/var/spool/asterisk/outgoing")
    spool_aside: Path = Path("/var/spool/asterisk/collector")  # same filesystem; written here, then renamed
    sounds: Path = Path("/var/lib/asterisk/sounds")
    sound_folder: Identifier = "collector"  # below `sounds`
    sound_format: Literal["alaw", "ulaw", "sln"] = "alaw"  # all 8 kHz; sln: 16 bit, for trunks of another codec
    sounds_megabytes: int = Field(512, ge=16, le=1_000_000)  # the least recently used go first
    # where Issabel's pages look for recordings
    monitor: Annotated[Path, AfterValidator(_dialplan_path)] = Path("/var/spool/asterisk/monitor")
    config: Path = Path("/etc/asterisk")
    owner: str = "asterisk"  # who must own call files and sounds; empty: whoever runs us
    talk_threads: int = Field(64, ge=1, le=1000)  # conversations at once
    sound_lines: int = Field(40, ge=0, le=1000)  # callees heard at once by their sound; 0: only by its timing


Spellings = dict[str, tuple[str, ...]]  # the right spelling -> others; letter case and accents count nowhere


class ReverseMap(Section):
    """Many spellings, one name."""

    neighbourhoods: Spellings = Field({})
    client_types: Spellings = Field({})


class ClientRules(Section):
    """Who is fetched at all."""

    persons: tuple[Literal["natural", "legal", "foreign"], ...] = Field(("natural",), min_length=1)
    leave_out_types: tuple[str, ...] = ()  # ids or names of client types, for instance condominiums


TELL_LINES = frozenset(("ixc", "altarede", "csv", "sql"))  # kinds of source: of the digitable line ...
GIVE_PIX = frozenset(("ixc",))  # ... and of the PIX code


class Instance(Section):
    """One ERP, one PBX, one set of rules."""

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,19}$")
    company: str = Field(min_length=2, max_length=60)  # as callees know it
    zone: Zone = "America/Sao_Paulo"
    default_ddd: str = Field("", pattern=r"^([1-9][1-9])?$")  # for numbers stored without area code
    caller_id: Number
    source: Source
    clients: ClientRules = ClientRules()
    reverse_map: ReverseMap = ReverseMap()
    trunk: Trunk
    rules: Rules = Rules()
    dialling: Dialling = Dialling()
    brakes: Brakes = Brakes()
    pbx: str = Field("", pattern=r"^([a-z0-9][a-z0-9_-]{0,19})?$")  # which PBX may dial it; empty: any
    conversation: Conversation = Conversation()
    voice: VoiceSettings = VoiceSettings()
    payment_hook: PaymentHook | None = None  # None: line and PIX are sent to nobody
    recording: RecordingSettings = RecordingSettings()
    enabled: bool = True

    @model_validator(mode="after")
    def _has_something_to_send(self) -> "Instance":
        hook, kind = self.payment_hook, self.source.type
        if hook and kind not in TELL_LINES:
            raise ValueError(
                f"payment_hook has nothing to send: a source of type {kind} tells no digitable line; take it out"
            )
        if hook and hook.send == ("pix",) and kind not in GIVE_PIX:
            raise ValueError(
                f"payment_hook.send is pix alone, and a source of type {kind} gives none; write [line, pix]"
            )
        return self

    @model_validator(mode="after")
    def _offers_what_there_is(self) -> "Instance":
        pay, kind = self.conversation.pay, self.source.type
        if pay.send and self.payment_hook is None:
            raise ValueError(
                "conversation.pay.send promises what nobody would send; describe payment_hook, or take it out"
            )
        if pay.say_line and kind not in TELL_LINES:
            raise ValueError(
                f"conversation.pay.say_line has nothing to say: {kind} tells no digitable line; take it out"
            )
        return self


Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
BROKERS = (
    "redis://127.0.0.1:6379/0, redis+socket:///run/redis/redis.sock or amqp://user:password@127.0.0.1:5672/vhost"
)


def _broker_host(address: str) -> str:
    """Host of a broker's address, empty for a socket. The ValueError holds none of it: passwords stand there."""
    wrong = f"broker is no address of a broker; write one like {BROKERS}"
    try:
        parts = urlsplit(address)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        raise ValueError(wrong) from None
    # `;` would begin a second address, and what stands behind `?` could name another host
    if ";" in address or parts.fragment:
        raise ValueError(wrong)
    if parts.scheme == "redis+socket" and not host and parts.path.strip("/"):
        if re.fullmatch(r"(virtual_host=\d{1,4})?", parts.query):
            return ""
        raise ValueError(wrong)
    if parts.scheme not in ("redis", "amqp") or not host or parts.query:
        raise ValueError(wrong)
    return host


class Schedule(Section):
    """When `collector service`, or `collector side`, runs what; times in `zone`."""

    zone: Zone = "America/Sao_Paulo"
    clients_at: time = time(7, 0)
    client_types_weekday: Weekday = "mon"
    client_types_at: time = time(6, 0)
    bills_every_minutes: int = Field(60, ge=5, le=1440)
    contracts_every_minutes: int = Field(30, ge=5, le=1440)
    parallel_syncs: int = Field(4, ge=1, le=50)  # instances at once
    reconcile_every_seconds: int = Field(60, ge=5, le=3600)
    runner: Literal["scheduler", "celery"] = "scheduler"  # of side work: the service itself, or `collector side`
    broker: SecretStr | None = None  # of Celery: Redis or RabbitMQ
    broker_host: str = ""  # named here as well when it is another machine: the address itself is a secret
    longest_job_seconds: int = Field(7200, ge=10, le=86400)  # on Celery a job that takes longer is ended

    @model_validator(mode="after")
    def _broker_is_known(self) -> "Schedule":
        if self.broker is None:
            if self.runner == "celery":
                raise ValueError("runner is celery and there is no broker; name the file that holds its address")
            return self
        host = _broker_host(self.broker.get_secret_value())
        if host and not is_this_machine(host) and host != self.broker_host.casefold():
            raise ValueError(
                "the broker is on another machine; write its name or address as broker_host, or move it here"
            )
        return self


class Log(Section):
    level: Literal["debug", "info", "warning", "error"] = "info"
    json_lines: bool = Field(False, alias="json")
    file: Path | None = None  # None: standard error


class Settings(Section):
    database: Database
    pbx: Pbx
    instances: tuple[Instance, ...]
    schedule: Schedule = Schedule()
    log: Log = Log()
    legal_rules: Path | None = None  # when the law of each state lets people be called; None: LEGAL_RULES

    @model_validator(mode="after")
    def _consistent(self) -> "Settings":
        if not self.instances:
            raise ValueError("instances is empty; describe at least one")
        ids = [instance.id for instance in self.instances]
        if twice := {name for name in ids if ids.count(name) > 1}:
            raise ValueError(f"two instances are called {', '.join(sorted(twice))}; each needs its own id")
        here = [instance for instance in self.instances if self.is_here(instance)]
        if not here:
            others = ", ".join(sorted({instance.pbx for instance in self.instances}))
            raise ValueError(
                f"no instance is for this PBX, which is called {self.pbx.name}: they are for {others}; "
                "correct pbx.name, or the pbx of an instance"
            )
        if self.pbx.ari is None:
            for instance in here:
                if instance.dialling.origination == "ari":
                    raise ValueError(
                        f"instance {instance.id} dials over ARI but pbx.ari is not set; "
                        "set it, or dialling.origination: callfile"
                    )
        return self

    def is_here(self, instance: Instance) -> bool:
        """Whether this PBX may dial it."""
        return instance.pbx in ("", self.pbx.name)

    def instance(self, name: str) -> Instance:
        """KeyError when there is none of that name."""
        return {instance.id: instance for instance in self.instances}[name]
