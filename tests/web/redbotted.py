"""Lets REDbot look at one address, in a process of its own: it brings its own event loop.

    python tests/web/redbotted.py URL

Prints the status, and the level, kind and words of each note, as JSON.
"""

import json
import sys
from configparser import ConfigParser

import thor
from redbot.resource import HttpResource


def main(url: str) -> None:
    """Look and print."""
    settings = ConfigParser()
    settings.read_dict({"redbot": {"enable_local_access": "True"}})
    resource = HttpResource(settings["redbot"])
    resource.set_request(url)
    resource.on("check_done", thor.stop)
    resource.check()
    thor.run()
    response = resource.response
    every = [each for note in response.notes for each in (note, *note.subnotes)]
    notes = [(note.level.value, type(note).__name__, note.summary) for note in every]
    print(json.dumps({"status": response.status_code, "notes": notes}))  # noqa: T201  that is its answer


if __name__ == "__main__":
    main(sys.argv[1])
