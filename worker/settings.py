"""What one YAML file may say. Checked whole before anything runs; loading is in `configfile.py`."""

import re
from datetime import time
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, SecretStr, model_validator

from worker.dial_settings import Brakes, Dialling, Number, Rules, Trunk
from worker.source_settings import Identifier, Section, Source, WebAddress

ROOT = Path(__file__).resolve().parents[1]  # where sql/, dialplan/ and config/ lie
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


class Agi(Section):
    host: str = "127.0.0.1"
    port: int = Field(4573, ge=1, le=65535)


class Amd(Section):
    """Arguments of Asterisk's AMD(), in milliseconds unless said; loosened for Brazilian greetings."""

    initial_silence: int = Field(3500, ge=500, le=10000)
    greeting: int = Field(2600, ge=500, le=10000)
    after_greeting_silence: int = Field(700, ge=100, le=5000)
    total_analysis_time: int = Field(5000, ge=1000, le=20000)
    minimum_word_length: int = Field(100, ge=20, le=1000)
    between_words_silence: int = Field(50, ge=10, le=1000)
    maximum_number_of_words: int = Field(6, ge=1, le=50)  # exceeded, not reached
    silence_threshold: int = Field(256, ge=1, le=32767)  # level, 0 to 32767
    maximum_word_length: int = Field(5000, ge=500, le=20000)


class Pbx(Section):
    """The PBX this machine runs."""

    name: str = Field("local", pattern=r"^[a-z0-9][a-z0-9_-]{0,19}$")  # which instances are dialled from here
    ari: Ari | None = None  # None: only call files
    agi: Agi = Agi()
    spool: Path = Path("/var/spool/asterisk/outgoing")
    spool_aside: Path = Path("/var/spool/asterisk/collector")  # same filesystem; written here, then renamed
    sounds: Path = Path("/var/lib/asterisk/sounds")
    sound_folder: Identifier = "collector"  # below `sounds`
    config: Path = Path("/etc/asterisk")
    owner: str = "asterisk"  # who must own call files and sounds; empty: whoever runs us
    talk_threads: int = Field(64, ge=1, le=1000)  # conversations at once


class Conversation(Section):
    messages: str = Field("pt_BR", pattern=r"^[A-Za-z_]{2,20}$")  # folder below config/messages
    key_wait_seconds: float = Field(6.0, ge=1, le=30)
    repeats: int = Field(2, ge=0, le=2)  # how often the debt is said again on request
    confirm: bool = True  # tell a debt only after "1, it is me"
    amd: Amd = Amd()


class VoiceSettings(Section):
    engine: Literal["espeak"] = "espeak"
    language: str = Field("pt-br", pattern=r"^[a-z-]{2,20}$")
    words_per_minute: int = Field(150, ge=80, le=300)


Spellings = dict[str, tuple[str, ...]]  # the right spelling -> others; letter case and accents count nowhere


class ReverseMap(Section):
    """Many spellings, one name."""

    neighbourhoods: Spellings = Field({})
    client_types: Spellings = Field({})


class ClientRules(Section):
    """Who is fetched at all."""

    persons: tuple[Literal["natural", "legal", "foreign"], ...] = Field(("natural",), min_length=1)
    leave_out_types: tuple[str, ...] = ()  # ids or names of client types, for instance condominiums


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
    enabled: bool = True


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


def _is_here(host: str) -> bool:
    try:
        return host in ("", "localhost") or ip_address(host).is_loopback
    except ValueError:
        return False


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
        if not _is_here(host) and host != self.broker_host.casefold():
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
