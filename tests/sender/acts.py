"""What a scripted relay can be made to do."""

import asyncio

from tests.sender.scripted import Act, Ended, Talk, usual


def say(*lines: str) -> Act:
    """Say something else."""

    async def act(talk: Talk) -> None:
        await talk.say(*lines)

    return act


def say_and_close(*lines: str) -> Act:
    """Say something and hang up, as after a 421."""

    async def act(talk: Talk) -> None:
        await talk.say(*lines)
        raise Ended

    return act


async def hang_up(_talk: Talk) -> None:
    """Hang up without a word."""
    raise Ended


def silent(seconds: float = 3600) -> Act:
    """Be silent for so long, then go on as usual."""

    async def act(talk: Talk) -> None:
        await asyncio.sleep(seconds)
        await usual(talk)

    return act


def surplus(*lines: str) -> Act:
    """Say what is usual, and more, in one breath."""

    async def act(talk: Talk) -> None:
        await talk.usual(*lines)

    return act


def raw(code: int, said: bytes) -> Act:
    """Say bytes that may be no reply."""

    async def act(talk: Talk) -> None:
        talk.answered(code)
        await talk.write(said)

    return act


def drip(code: int, said: str, pause: float = 0.0) -> Act:
    """Say a reply one byte at a time."""

    async def act(talk: Talk) -> None:
        talk.answered(code)
        for byte in f"{said}\r\n".encode():
            await talk.write(bytes([byte]))
            await asyncio.sleep(pause)

    return act


def late(seconds: float, *lines: str) -> Act:
    """Say something when nobody waits for it any more."""

    async def act(talk: Talk) -> None:
        await asyncio.sleep(seconds)
        await talk.say(*lines)

    return act


def say_and_stare(*lines: str) -> Act:
    """Say something and take nothing more."""

    async def act(talk: Talk) -> None:
        await talk.say(*lines)
        await asyncio.sleep(3600)

    return act


def flood(said: bytes) -> Act:
    """Say it again and again until the other side hangs up; how much was said is written down."""

    async def act(talk: Talk) -> None:
        talk.answered(0)
        while True:
            await talk.flood(said)

    return act


def cut(count: int) -> Act:
    """Hang up within the body, after so many bytes."""

    async def act(talk: Talk) -> None:
        await talk.read(count)
        raise Ended

    return act
