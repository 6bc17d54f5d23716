"""The smallest beginnings of files of each kind that may lie beside an update, and of some that may not."""

import struct
import zlib

PDF = b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\n%%EOF\n"
MP3 = b"ID3\x04\x00\x00\x00\x00\x00\x00" + b"\xff\xfb\x90\x64" + bytes(400)
OGG = b"OggS" + bytes(24) + b"OpusHead" + bytes(11)
MP4 = b"\x00\x00\x00\x18ftypisom" + bytes(12)
M4A = b"\x00\x00\x00\x18ftypM4A " + bytes(12)
WEBP = b"RIFF\x1a\x00\x00\x00WEBPVP8L" + bytes(14)
GIF = b"GIF89a\x01\x00\x01\x00\x00\x00\x00;"
JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00" + bytes(9) + b"\xff\xd9"
TEXT = "Name,Org\nZoë,ASML/Syria\n".encode()
HTML = b"<!DOCTYPE html><script>alert(1)</script>"
SVG = b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>'


def png(width: int = 1, height: int = 1) -> bytes:
    """Make a PNG of one colour."""
    rows = (b"\x00" + bytes(width)) * height
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    chunks = ((b"IHDR", head), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )


PNG = png()
