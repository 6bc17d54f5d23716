"""nginx on this machine, serving files: the quickest way to answer a poll that there is."""

import os
import shutil
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.bench.polling import HOST, Answer, Server, serving

NOT_HERE = "nginx is not present (Debian: apt install nginx-light)"
OF_ITS_OWN = {"content-length", "date", "etag", "last-modified", "content-type", "server"}

CONFIGURATION = """
daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/error.log; {user}
events {{ worker_connections 256; }}
http {{
  access_log off; sendfile on; tcp_nopush on; keepalive_requests 100000000; server_tokens off;
  default_type "{kind}";
  client_body_temp_path {folder}/t1; proxy_temp_path {folder}/t2; fastcgi_temp_path {folder}/t3;
  uwsgi_temp_path {folder}/t4; scgi_temp_path {folder}/t5;
  server {{ listen {host}:{port}; root {folder}; {places} }}
}}
"""


@contextmanager
def nginx(folder: Path, answers: Mapping[str, Answer]) -> Iterator[Server | None]:
    """Serve these answers at their paths; None where nginx is not installed."""
    tool = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if tool is None:
        yield None
        return
    port = _free_port()
    for path, answer in answers.items():
        (folder / path.lstrip("/")).write_bytes(answer.body)
    written = CONFIGURATION.format(
        folder=folder,
        user="user root;" if os.geteuid() == 0 else "",
        kind=next(iter(answers.values())).header("content-type"),
        host=HOST,
        port=port,
        places=" ".join(_place(path, answer) for path, answer in answers.items()),
    )
    (folder / "nginx.conf").write_text(written)
    command = [tool, "-p", str(folder), "-c", str(folder / "nginx.conf")]
    with serving([*command, "-e", str(folder / "error.log")], port) as server:
        yield server


def _place(path: str, answer: Answer) -> str:
    lines = " ".join(
        f"add_header {name} '{value}';"
        for name, value in answer.headers
        if name.lower() not in OF_ITS_OWN
    )
    return f"location = {path} {{ {lines} }}"


def _free_port() -> int:
    with socket.socket() as found:
        found.bind((HOST, 0))
        return int(found.getsockname()[1])
