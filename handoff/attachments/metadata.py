"""Takes out of pictures what they tell besides the picture: where and when it was taken, with which device, by whom.

Done on the file's own segments and chunks, so that not a point of the picture changes. Of all that EXIF says only the orientation
is kept: without it a photograph taken upright would lie on its side. Sources: JPEG (ITU-T T.81, annex B), Exif 2.32, PNG (third
edition), WebP (RFC 9649).
"""

from __future__ import annotations

import struct
import zlib

from kit.errors import PieturaError

_KEPT_PNG = frozenset(
    [
        b"IHDR",
        b"PLTE",
        b"IDAT",
        b"IEND",
        b"tRNS",
        b"cHRM",
        b"gAMA",
        b"iCCP",
        b"sBIT",
        b"sRGB",
        b"cICP",
        b"bKGD",
        b"pHYs",
    ]
)
_DROPPED_WEBP = frozenset([b"EXIF", b"XMP "])
_WEBP_FLAGS = 0x08 | 0x04  # EXIF and XMP, in the first byte of VP8X
_ORIENTATION = 0x0112
_START_OF_SCAN, _END = 0xDA, 0xD9


def stripped(data: bytes, kind: str) -> bytes:
    """``data`` without metadata; what is no picture stays as it is.

    Raises:
        PieturaError: ``attachment_broken``: it cannot be read as what it says it is.
    """
    try:
        match kind:
            case "jpeg":
                return _jpeg(data)
            case "png":
                return _png(data)
            case "webp":
                return _webp(data)
            case _:
                return data
    except (struct.error, IndexError):
        raise PieturaError("attachment_broken") from None


def _jpeg(data: bytes) -> bytes:
    out = bytearray(data[:2])
    orientation = 1
    at = 2
    header: list[bytes] = []
    while True:
        if data[at] != 0xFF:
            raise PieturaError("attachment_broken")
        while data[at] == 0xFF:
            at += 1
        marker = data[at]
        at += 1
        if marker == _END:
            break
        length = struct.unpack_from(">H", data, at)[0]
        segment = data[at - 2 : at + length]
        if length < 2 or len(segment) != length + 2:
            raise PieturaError("attachment_broken")
        body = segment[4:]
        at += length
        if marker == 0xE1 and body.startswith(b"Exif\0\0"):
            orientation = _orientation(body[6:])
        elif _keeps(marker, body):
            header.append(segment)
        if marker == _START_OF_SCAN:
            # After it comes what is drawn, up to the next mark that is not part of it. A picture has several scans.
            end = _end_of_scan(data, at)
            header.append(data[at:end])
            at = end
    if orientation != 1:
        # Right after the first segment, JFIF's, which must be the first where it is there.
        first = 1 if header and header[0][1] == 0xE0 else 0
        header.insert(first, _exif(orientation))
    out += b"".join(header)
    # Whatever follows the end, a telephone's short film or a second picture, is not part of the picture.
    return bytes(out + b"\xff\xd9")


def _keeps(marker: int, body: bytes) -> bool:
    if marker == 0xFE:
        return False
    if 0xE0 <= marker <= 0xEF:
        # JFIF, the colour profile, and how Adobe's colours are meant.
        return (
            (marker == 0xE0 and body.startswith(b"JFIF\0"))
            or (marker == 0xE2 and body.startswith(b"ICC_PROFILE\0"))
            or (marker == 0xEE and body.startswith(b"Adobe"))
        )
    return True


def _end_of_scan(data: bytes, at: int) -> int:
    while True:
        at = data.find(b"\xff", at)
        if at < 0:
            raise PieturaError("attachment_broken")
        following = data[at + 1]
        if following == 0x00 or 0xD0 <= following <= 0xD7 or following == 0xFF:
            at += 1 if following == 0xFF else 2
            continue
        return at


def _orientation(tiff: bytes) -> int:
    """1…8; 1, upright, where it is not told or cannot be read."""
    order = {b"II": "<", b"MM": ">"}.get(tiff[:2])
    if order is None or len(tiff) < 8:
        return 1
    (at,) = struct.unpack_from(f"{order}I", tiff, 4)
    if at + 2 > len(tiff):
        return 1
    (count,) = struct.unpack_from(f"{order}H", tiff, at)
    for number in range(min(count, 200)):
        entry = at + 2 + 12 * number
        if entry + 12 > len(tiff):
            return 1
        tag, form = struct.unpack_from(f"{order}HH", tiff, entry)
        if tag == _ORIENTATION and form == 3:
            (value,) = struct.unpack_from(f"{order}H", tiff, entry + 8)
            return int(value) if 1 <= value <= 8 else 1
    return 1


def _exif(orientation: int) -> bytes:
    tiff = struct.pack(">2sHIHHHIHHI", b"MM", 42, 8, 1, _ORIENTATION, 3, 1, orientation, 0, 0)
    body = b"Exif\0\0" + tiff
    return b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body


def _png(data: bytes) -> bytes:
    out = bytearray(data[:8])
    at = 8
    while True:
        (length,) = struct.unpack_from(">I", data, at)
        name = data[at + 4 : at + 8]
        chunk = data[at : at + 12 + length]
        if len(chunk) != 12 + length or zlib.crc32(chunk[4:-4]) != struct.unpack_from(">I", chunk, 8 + length)[0]:
            raise PieturaError("attachment_broken")
        at += 12 + length
        if name in _KEPT_PNG:
            out += chunk
        if name == b"IEND":
            return bytes(out)


def _webp(data: bytes) -> bytes:
    out = bytearray()
    at = 12
    end = min(len(data), 8 + struct.unpack_from("<I", data, 4)[0])
    while at + 8 <= end:
        name = data[at : at + 4]
        (length,) = struct.unpack_from("<I", data, at + 4)
        whole = 8 + length + (length & 1)
        chunk = bytearray(data[at : at + whole])
        if len(chunk) < 8 + length:
            raise PieturaError("attachment_broken")
        at += whole
        if name in _DROPPED_WEBP:
            continue
        if name == b"VP8X":
            chunk[8] &= ~_WEBP_FLAGS & 0xFF
        out += chunk
    if not out:
        raise PieturaError("attachment_broken")
    return b"RIFF" + struct.pack("<I", len(out) + 4) + b"WEBP" + bytes(out)
