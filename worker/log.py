"""Logging for every process: one line per event, text or JSON, without telephone numbers, CPFs or secrets."""

import logging
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from logging.handlers import WatchedFileHandler
from pathlib import Path

import structlog
from structlog.types import EventDict, Processor, WrappedLogger

from worker.errors import ConfigError
from worker.masking import masked, masked_key
from worker.settings import Log

LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}
CHATTY = (
    "aiohttp",
    "amqp",
    "apscheduler",
    "asyncio",
    "celery",
    "kombu",
    "urllib3",
)  # below WARNING they repeat what we log ourselves


class _StderrHandler(logging.Handler):
    """Standard error as it is at that moment. Nobody there to read is not a reason to fail."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            line = self.format(record)
        except Exception:
            line = f"a log record of {record.name} could not be written"
        stream = sys.stderr
        if stream is not None and not stream.closed:
            with suppress(OSError, ValueError):
                stream.write(f"{line}\n")
                stream.flush()


class _FileHandler(WatchedFileHandler):
    """Survives logrotate and a full disk."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, encoding="utf-8", errors="backslashreplace")

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802  logging's own name
        del record  # a line is lost; a call is not


def configure(settings: Log) -> None:
    """Set up structlog and logging. May be called again; the last call counts. ConfigError: no such file possible.

    Bind what a whole call has in common once: ``with structlog.contextvars.bound_contextvars(attempt=id):``
    """
    level = LEVELS[settings.level]
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
    ]
    handler = _handler(settings.file)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared[:-2], structlog.stdlib.ExtraAdder(), *shared[-2:]],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                mask_event,
                *_renderer(settings),
            ],
        )
    )
    root = logging.getLogger()
    for old in [one for one in root.handlers if isinstance(one, _StderrHandler | _FileHandler)]:
        root.removeHandler(old)
        old.close()
    root.addHandler(handler)
    root.setLevel(level)
    _leave_out_the_caller()
    for name in CHATTY:
        logging.getLogger(name).setLevel(max(level, logging.WARNING))
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(level),
        cache_logger_on_first_use=False,  # a test that captures logs would not see a cached logger
    )


def _leave_out_the_caller() -> None:
    """No line of ours tells file, thread or process, and finding them was a quarter of its cost."""
    logging._srcfile = None  # noqa: SLF001  as logging's HOWTO has it
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False


def mask_event(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    """The processor that lets no number or secret through, however deep; it stands just before rendering."""
    del logger, method
    stamp = event.pop("timestamp", None)
    clean: EventDict = {masked_key(str(key)): masked(value, str(key)) for key, value in event.items()}
    if stamp is not None:
        clean["timestamp"] = stamp
    return clean


def _handler(path: Path | None) -> logging.Handler:
    if path is None:
        return _StderrHandler()
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o640))  # not for every user to read
        return _FileHandler(path)
    except OSError as error:
        raise ConfigError([f"log.file: {path} cannot be written ({error.strerror})"]) from error


def one_line(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    """For console lines: text from outside cannot begin a line of its own nor send codes to a terminal."""
    del logger, method
    for key, value in event.items():
        if isinstance(value, str) and not value.isprintable():
            plain = key in ("exception", "stack")  # ours, and of several lines
            event[key] = "".join(_visible(char) if not (plain and char in "\n\t") else char for char in value)
    return event


def _visible(char: str) -> str:
    return char if char.isprintable() else char.encode("unicode_escape").decode()


def _renderer(settings: Log) -> list[Processor]:
    if settings.json_lines:
        return [structlog.processors.JSONRenderer(ensure_ascii=False)]
    console = structlog.dev.ConsoleRenderer(
        colors=settings.file is None and sys.stderr is not None and _is_terminal(sys.stderr.isatty),
        exception_formatter=structlog.dev.plain_traceback,
        pad_event_to=24,
        sort_keys=False,
    )
    return [one_line, console]


def _is_terminal(ask: Callable[[], bool]) -> bool:
    try:
        return ask()
    except ValueError:  # closed
        return False
