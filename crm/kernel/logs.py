"""Logs as JSON lines: constant messages, ids and codes. Never an address, a name, a token (rule 16)."""

import logging
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

_ALLOWED = (str, int, float, bool, type(None))
_LONGEST = 200  # characters of any value


def _only_codes(_logger: object, _name: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Keep values short and flat; an `@` or a line break never stands in a line of ours."""
    for key, value in event.items():
        if key in {"exception", "event"}:
            continue
        text = value if isinstance(value, _ALLOWED) else str(value)
        if isinstance(text, str):
            text = "[removed]" if "@" in text else " ".join(text.split())[:_LONGEST]
        event[key] = text
    return event


def configure(*, level: int = logging.INFO) -> None:
    """Send every log record of the process to standard error, one JSON object a line."""
    shared: list[structlog.typing.Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _only_codes,
    ]
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                # Class and place of an error, without its words: those may repeat what somebody typed.
                structlog.processors.ExceptionRenderer(_where),
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    for name in ("apscheduler", "sqlalchemy", "urllib3", "granian"):
        logging.getLogger(name).setLevel(logging.WARNING)


def _where(exc_info: Any) -> str:  # noqa: ANN401 - structlog passes whatever sys.exc_info gave
    kind, _error, trace = exc_info
    places = []
    while trace is not None:
        code = trace.tb_frame.f_code
        places.append(f"{code.co_filename.rpartition('/crm/')[2]}:{trace.tb_lineno} {code.co_name}")
        trace = trace.tb_next
    return f"{kind.__name__} at {' > '.join(places[-6:])}"
