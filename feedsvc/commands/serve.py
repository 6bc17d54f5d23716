"""Run the service."""

import gc
import logging
import signal
import socket
import sys
from collections.abc import Sequence
from types import FrameType
from typing import Annotated

import structlog
import typer
import uvicorn
from starlette.routing import BaseRoute
from starlette.types import ASGIApp

from feedsvc import __version__, app, config
from feedsvc.app import Role
from feedsvc.commands.opening import MADE, ConfigFile
from feedsvc.errors import Misconfigured
from feedsvc.gateways import keyfile
from feedsvc.gateways.installation import Installation

OPEN = "Others may read the key file {file}: chmod 600 {file}"


def serve(
    role: Annotated[
        Role, typer.Option(help="all, or only the web, or only the timetable and the sender.")
    ] = Role.ALL,
    config_file: ConfigFile = None,
) -> None:
    """Run the service until it is told to stop (SIGTERM or Ctrl-C)."""
    settings = config.read(config_file)
    log_as_lines()
    file = keyfile.place(settings.keys.file)
    first_start = not file.exists()
    here = app.ready(settings)
    if first_start:
        typer.echo(MADE.format(file=file), err=True)
    elif keyfile.open_to_others(file):
        typer.echo(OPEN.format(file=file), err=True)
    try:
        run(here, role)
    finally:
        here.close()


def run(here: Installation, role: Role) -> None:
    """Serve HTTP on the address of the settings; returns when it was told to stop."""
    http = here.settings.http
    for ending in (signal.SIGTERM, signal.SIGINT):
        signal.signal(ending, _end_well)
    with listening(http.host, http.port) as door:
        made = server(here, role)
        spare_the_collector()
        host, port = door.getsockname()[:2]
        typer.echo(f"feedsvc {__version__} serves http://{host}:{port} (role {role}).", err=True)
        made.run([door])


def spare_the_collector() -> None:
    """Spare the collector what is loaded by now and stays: looking at it cost a tenth of each mail."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


def listening(host: str, port: int) -> socket.socket:
    """Open the door; raises Misconfigured when somebody else stands in it."""
    try:
        return socket.create_server((host, port), family=_family(host))
    except OSError as error:
        raise Misconfigured(
            f"{host}:{port} cannot be listened on ({error.strerror}).",
            remedy="Choose another port.",
        ) from error


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET


def _end_well(_number: int, _frame: FrameType | None) -> None:
    """Be told to stop: the server has closed by then, since it passes the signal on when it is done."""
    raise SystemExit(0)


def server(here: Installation, role: Role, more: Sequence[BaseRoute] = ()) -> uvicorn.Server:
    """Make the HTTP server of an installation."""
    proxies = here.settings.http.trusted_proxies
    return uvicorn.Server(options(app.build(here, role=role, more=more), proxies))


def options(application: ASGIApp, proxies: Sequence[str] = ()) -> uvicorn.Config:
    """Say how HTTP is served: with our own deadlines, and without uvicorn's log of requests."""
    return uvicorn.Config(
        application,
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=bool(proxies),
        forwarded_allow_ips=list(proxies),
        timeout_keep_alive=15,
        timeout_graceful_shutdown=10,
    )


def log_as_lines(level: int = logging.INFO) -> None:
    """Write one JSON line an event to standard error; libraries speak only when it is serious."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    logging.basicConfig(level=logging.ERROR, stream=sys.stderr, format="%(name)s: %(message)s")
