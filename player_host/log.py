"""Loggers of the host: structlog's events, carried by the standard library's logging.

A program that embeds the Player configures `logging` as it likes: the event's name is the
message, its fields are the record's extras. Nothing is printed where nothing is configured, but
warnings, as is the custom of `logging`.
"""

import logging

import structlog


def get_logger(name: str) -> structlog.stdlib.BoundLogger:
    """Return the logger of a module.

    Event names are stable ("transfer.finished"); fields hold no secret, and none is called like
    an attribute of `logging.LogRecord`.
    """
    logger: structlog.stdlib.BoundLogger = structlog.wrap_logger(
        logging.getLogger(name),
        processors=[structlog.stdlib.filter_by_level, structlog.stdlib.render_to_log_kwargs],
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    return logger
