"""Packs points into the binary chunk of docs/EVENTS.md with the standard library alone."""

from __future__ import annotations

import math
import struct
import sys
import zlib
from array import array

_MAGIC = b"RLCK"
_VERSION = 1
_KIND_POINTS = 0
_FLAG_MICRO = 1
_FLAG_CRC32_IEEE = 4
_CURRENT_GENERATION = 0xFFFFFFFF
_BYTES_PER_POINT = 28

#: Most rows and bytes of one frame; the server's bounds are 200 000 rows and 8 MiB.
FRAME_ROWS = 30_000
FRAME_BYTES = 1 << 20

STEP_MIN = -(2**63)
STEP_MAX = 2**63 - 1


def split_step(step: float) -> tuple[int, int]:
    """A step as (whole step, millionths): -0.5 is (-1, 500000). Raises ValueError for what is no step."""
    if isinstance(step, int):
        whole, micro = int(step), 0
    else:
        number = float(step)
        if not math.isfinite(number):
            raise ValueError(f"a step must be finite, not {step!r}")
        whole = math.floor(number)
        micro = round((number - whole) * 1_000_000)
        if micro == 1_000_000:
            whole, micro = whole + 1, 0
    if not STEP_MIN <= whole <= STEP_MAX:
        raise ValueError(f"a step must fit in 64 bits, not {step!r}")
    return whole, micro


class FrameBuilder:
    """Columns of points that grow until `take` packs them."""

    def __init__(self) -> None:
        self._clear()

    def _clear(self) -> None:
        self._index: dict[str, int] = {}
        self._keys: list[bytes] = []
        self._key_bytes = 0
        self._series = array("I")
        self._steps = array("q")
        self._micros = array("i")
        self._times = array("q")
        self._values = array("d")
        self._any_micro = False

    def __len__(self) -> int:
        return len(self._values)

    @property
    def full(self) -> bool:
        return len(self._values) >= FRAME_ROWS or len(self._values) * _BYTES_PER_POINT + self._key_bytes >= FRAME_BYTES

    def add(self, key: str, step: int, micro: int, time_ms: int, value: float) -> None:
        index = self._index.get(key)
        if index is None:
            encoded = key.encode("utf-8")
            index = self._index[key] = len(self._keys)
            self._keys.append(encoded)
            self._key_bytes += len(encoded) + 3
        self._series.append(index)
        self._steps.append(step)
        self._micros.append(micro)
        if micro:
            self._any_micro = True
        self._times.append(time_ms)
        self._values.append(value)

    def take(self, writer: str, seq: int) -> bytes:
        """The frame of everything added so far; the builder is empty afterwards."""
        rows = len(self._values)
        name = writer.encode("utf-8")
        header = b"".join(
            [
                struct.pack("<H", len(name)),
                name,
                struct.pack("<QII", seq, _CURRENT_GENERATION, len(self._keys)),
                *(struct.pack("<H", len(key)) + key + b"\0" for key in self._keys),
            ]
        )
        header = _padded(header)
        columns = [self._series, self._steps, self._times, self._values]
        if self._any_micro:
            columns.insert(2, self._micros)
        body = b"".join(_padded(_little_endian(column)) for column in columns)
        flags = _FLAG_CRC32_IEEE | (_FLAG_MICRO if self._any_micro else 0)
        fixed = _MAGIC + struct.pack("<BBHIIII", _VERSION, _KIND_POINTS, flags, len(header), rows, len(body), len(body))
        frame = b"".join([fixed, header, body])
        self._clear()
        return frame + struct.pack("<I", zlib.crc32(frame))


def _padded(data: bytes) -> bytes:
    return data + b"\0" * (-len(data) % 8)


def _little_endian(column: array) -> bytes:  # type: ignore[type-arg]
    if sys.byteorder == "big":
        column = column[:]
        column.byteswap()
    return column.tobytes()
