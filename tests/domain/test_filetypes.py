"""What a file is, is told by its content, and its name must agree."""

import pytest

from feedsvc.domain import filetypes
from feedsvc.errors import Invalid
from tests import made_files as made


@pytest.mark.parametrize(
    ("name", "content", "media_type"),
    [
        ("a.pdf", made.PDF, "application/pdf"),
        ("a.PNG", made.PNG, "image/png"),
        ("a.jpg", made.JPEG, "image/jpeg"),
        ("a.jpeg", made.JPEG, "image/jpeg"),
        ("a.gif", made.GIF, "image/gif"),
        ("a.webp", made.WEBP, "image/webp"),
        ("a.mp3", made.MP3, "audio/mpeg"),
        ("a.mp3", made.MP3[10:], "audio/mpeg"),
        ("a.ogg", made.OGG, "audio/ogg"),
        ("a.m4a", made.M4A, "audio/mp4"),
        ("a.m4a", made.MP4, "audio/mp4"),
        ("a.mp4", made.MP4, "video/mp4"),
        ("a.txt", "سوريا <\n".encode(), "text/plain"),
        ("a.csv", made.TEXT, "text/plain"),
    ],
)
def test_media_type_is_told_by_the_content(name: str, content: bytes, media_type: str) -> None:
    assert filetypes.media_type(name, content, "f") == media_type


@pytest.mark.parametrize(
    "content",
    [
        b"",
        made.HTML,
        made.SVG,
        b"\xef\xbb\xbf  <html>",
        b"#!/bin/sh\necho",
        b"MZ\x90\x00\x03",
        b"PK\x03\x04zip",
        b"\xff\xfe\x41\x00",
        b"caf\xe9",
        b"OggS" + bytes(24) + b"\x80theora",
        b"\x00\x00\x00\x18ftypqt  ",
        b"RIFF\x24\x00\x00\x00WAVEfmt ",
        b"\xff\xfd\x90\x64",
        b"\xff\xfb\xf0\x64",
    ],
)
def test_content_that_is_not_on_the_list_is_refused(content: bytes) -> None:
    with pytest.raises(Invalid, match=r"^f: is (empty|of no kind that we take)"):
        filetypes.media_type("a.txt", content, "f")


@pytest.mark.parametrize(
    ("name", "content", "ending"),
    [("a.pdf", made.PNG, "png"), ("a.txt", made.PDF, "pdf"), ("a.mp4", made.M4A, "m4a")],
)
def test_name_that_does_not_agree_with_the_content_is_refused(
    name: str, content: bytes, ending: str
) -> None:
    with pytest.raises(Invalid, match=rf"Name it \.{ending}\."):
        filetypes.media_type(name, content, "f")


@pytest.mark.parametrize("name", ["resolution.pdf", "a-b_c.2017.PDF", "7.png", "x" * 96 + ".pdf"])
def test_plain_name_is_taken(name: str) -> None:
    assert filetypes.safe_name(name, "f") == name


@pytest.mark.parametrize(
    "name",
    [
        "",
        "pdf",
        ".pdf",
        "a.html",
        "a.svg",
        "a.pdf.exe",
        "../a.pdf",
        "a/b.pdf",
        "a\\b.pdf",
        "a..pdf",
        "a b.pdf",
        'a".pdf',
        "a\n.pdf",
        "a.pdf\n",
        "-a.pdf",
        "قرار.pdf",
        "x" * 97 + ".pdf",
        "signatories.txt",
    ],
)
def test_odd_name_is_refused(name: str) -> None:
    with pytest.raises(Invalid, match="is not a name that a file"):
        filetypes.safe_name(name, "f")
