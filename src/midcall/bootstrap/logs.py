"""Logs: structured, to standard error, for people or for machines."""

import logging
import sys

import structlog

from midcall.bootstrap.settings import Settings
from midcall.domain.terminal import lines, one_line

#: Before each further line of an event: none of them can be taken for an event of its own.
_INDENT = "    "


def set_up_logs(settings: Settings, process: str) -> None:
    """Send this process's logs to standard error, each line marked with the process's name."""
    level = logging.getLevelNamesMapping()[settings.log_level.upper()]
    renderers: list[structlog.typing.Processor] = (
        [structlog.processors.JSONRenderer()]
        if settings.log_format == "json"
        else [_harmless, structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), pad_event_to=24)]
    )
    structlog.configure(  # noqa: TID251 (the one place for the product)
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            *renderers,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),  # noqa: TID251 (its stream is named)
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(process=process)
    # Libraries log through the standard module; their chatter is of no use to an operator.
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Harmless("%(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=max(level, logging.WARNING), handlers=[handler])


def _harmless(
    _logger: structlog.typing.WrappedLogger, _method: str, event: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    """Let texts of strangers only be printed: the renderer writes those without a space as they are."""
    return {name: _printed(name, value) if isinstance(value, str) else value for name, value in event.items()}


def _printed(name: str, value: str) -> str:
    return lines(value, _INDENT) if name == "exception" else one_line(value)


class _Harmless(logging.Formatter):
    """The same for what libraries log."""

    def format(self, record: logging.LogRecord) -> str:
        return lines(super().format(record), _INDENT)
