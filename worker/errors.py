"""The error tree. Each leaf says whether to try again, and carries one sentence with its remedy.

CollectorError
├── ConfigError            the YAML is wrong: every problem at once             never
├── SourceError            the ERP
│   ├── SourceUnavailable    no connection, timeout, 5xx                        again
│   ├── SourceRefused        wrong token, address not allowed, not an API       never
│   ├── SourceBroken         an answer that cannot be trusted as complete       again
│   ├── SourceLacks          this kind of source has no such thing              never
│   └── ActionRefused        the ERP will not do it, in its own words           never
├── StoreError             the database
│   ├── StoreUnavailable     cannot connect, lost connection                    again
│   │   └── StoreReadOnly      it answers, and writes nothing                   again
│   ├── SchemaMismatch       newer or older than this program                   never
│   └── SyncOvertaken        another sync began to write the same rows          again
├── PbxError               Asterisk
│   ├── PbxUnavailable       no connection, timeout, 5xx                        again
│   ├── NoSuchChannel        404: nearly always a hang-up                       never
│   ├── WrongState           409/412: not in Stasis, id already used            never
│   └── PbxRefused           400/401/403/422 and spool rights                   never
├── HookFailed             the provider's hook did not take what is to be sent    again
├── JobTooLong             side work went past its time limit                  again
├── SpeechError            text could not be made into sound                    again
├── UnsafeText             text that may not go on a line protocol              never
└── UsageError             the command was called wrongly (exit code 2)         never
"""

from typing import ClassVar


class CollectorError(Exception):
    """Base of all our errors; `str()` is a sentence for the administrator."""

    again: ClassVar[bool] = False  # is it worth trying the same again later?


class ConfigError(CollectorError):
    """The configuration is wrong. `problems` holds one sentence each."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class SourceError(CollectorError):
    """The ERP could not give a complete answer; nothing may be closed because of it."""


class SourceUnavailable(SourceError):
    again = True


class SourceRefused(SourceError):
    pass


class SourceBroken(SourceError):
    again = True


class SourceLacks(SourceError):
    pass


class ActionRefused(SourceError):
    pass


class StoreError(CollectorError):
    pass


class StoreUnavailable(StoreError):
    again = True


class StoreReadOnly(StoreUnavailable):
    pass


class SchemaMismatch(StoreError):
    pass


class SyncOvertaken(StoreError):
    again = True


class PbxError(CollectorError):
    pass


class PbxUnavailable(PbxError):
    again = True


class NoSuchChannel(PbxError):
    pass


class WrongState(PbxError):
    pass


class PbxRefused(PbxError):
    pass


class HookFailed(CollectorError):
    again = True


class JobTooLong(CollectorError):
    again = True


class SpeechError(CollectorError):
    again = True


class UnsafeText(CollectorError):
    pass


class UsageError(CollectorError):
    pass
