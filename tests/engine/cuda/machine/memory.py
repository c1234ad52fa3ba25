"""Memory as the kernel sees it: arrays given as arguments, module variables, shared memory, and each thread's own.

Every piece has a range of addresses of its own, 2^40 apart, so that no wrong index leads from one into another.
"""

from __future__ import annotations

import ctypes
from typing import Any, NamedTuple

import numpy as np

from tests.engine.cuda.machine.faults import AddressError, LaunchError, UnwrittenError
from tests.engine.cuda.machine.races import Clock, Shadow

Array = Any
_RANGE, _MIDDLE = 40, 1 << 39
_SHARED, _LOCAL = 1 << 20, (1 << 20) + 1
SHARED_BASE = (_SHARED << _RANGE) + _MIDDLE
LOCAL_BASE = (_LOCAL << _RANGE) + _MIDDLE


class Piece:
    """Some bytes at an address. `data` (bytes,) uint8 is the very memory of the arrays that stand there."""

    space = "global"

    def __init__(self, name: str, base: int, data: Array, shadow: Shadow) -> None:
        self.name, self.base, self.data, self.shadow = name, np.uint64(base), data, shadow
        self.size, self.grain = len(data), shadow.grain
        self._views: dict[np.dtype, Array] = {}

    def view(self, dtype: np.dtype) -> Array:
        """The same bytes as numbers, as many as there are whole ones."""
        if dtype not in self._views:
            self._views[dtype] = self.data[: self.size // dtype.itemsize * dtype.itemsize].view(dtype)
        return self._views[dtype]

    def read(self, offsets: Array, threads: Array, dtype: np.dtype, count: int, site: int) -> Array:
        """(count,threads) numbers that follow each other from `offsets` on."""
        self.shadow.read(*self._words(offsets, threads, dtype.itemsize * count), site)
        return self.view(dtype)[_following(offsets, dtype.itemsize, count)]

    def write(self, offsets: Array, threads: Array, values: Array, site: int) -> None:
        """values (count,threads), as `read` has them."""
        count, size = len(values), values.dtype.itemsize
        self.shadow.write(*self._words(offsets, threads, size * count), site)
        self.view(values.dtype)[_following(offsets, size, count)] = values

    def _words(self, offsets: Array, threads: Array, size: int) -> tuple[Array, Array]:
        words, count = offsets // self.grain, max(1, size // self.grain)
        if count == 1:
            return words, threads
        words = (words[:, None] + np.arange(count)).ravel()
        return words, np.repeat(threads, count)


class Shared(Piece):
    """A block's shared memory."""

    space = "shared"


class Local(Piece):
    """A thread's own memory: the same addresses are other memory to each thread. (threads,bytes)."""

    space = "local"

    def __init__(self, size: int, clock: Clock) -> None:
        self.whole = np.zeros((clock.threads, size + -size % 16), np.uint8)
        self.known = np.zeros(self.whole.shape, bool)
        super().__init__("local memory", LOCAL_BASE, self.whole.reshape(-1), Shadow("", 0, 1, clock, complete=True))
        self.size = size

    def view(self, dtype: np.dtype) -> Array:
        return self.data.view(dtype)

    def read(self, offsets: Array, threads: Array, dtype: np.dtype, count: int, site: int) -> Array:
        at = offsets + threads * self.whole.shape[1]
        known = self.known.reshape(-1)[at[:, None] + np.arange(dtype.itemsize * count)].all(axis=1)
        if not known.all():
            i = int(np.argmin(known))
            raise UnwrittenError(f"thread {threads[i]} reads byte {offsets[i]} of its local memory and never wrote it")
        return self.view(dtype)[_following(at, dtype.itemsize, count)]

    def write(self, offsets: Array, threads: Array, values: Array, site: int) -> None:
        at, size = offsets + threads * self.whole.shape[1], values.dtype.itemsize
        self.known.reshape(-1)[at[:, None] + np.arange(size * len(values))] = True
        self.view(values.dtype)[_following(at, size, len(values))] = values


def _following(offsets: Array, size: int, count: int) -> Array:
    """Indices (count,threads) of numbers from byte offsets on."""
    first = offsets // size
    return first[None] if count == 1 else first[None] + np.arange(count)[:, None]


class Access(NamedTuple):
    """Some threads' accesses to one piece of memory; `which` of the threads that were asked for, None for all."""

    piece: Piece
    offsets: Array
    threads: Array
    which: Array | None


class Memory:
    """All pieces, by address."""

    def __init__(self, clock: Clock, shared_bytes: int, local_bytes: int) -> None:
        self.clock = clock
        self.pieces: dict[int, Piece] = {}
        self.shared = Shared("shared memory", SHARED_BASE, np.zeros(shared_bytes, np.uint8), self._untouched())
        self.shared.shadow = self._untouched(shared_bytes)
        self.local = Local(local_bytes, clock)
        self.pieces[_SHARED], self.pieces[_LOCAL] = self.shared, self.local
        self._kept: list[Any] = []

    def _untouched(self, size: int = 0) -> Shadow:
        return Shadow("shared memory", -(-size // 4), 4, self.clock, complete=False)

    def start_block(self) -> None:
        """Shared and local memory are anything; what other blocks did in global memory is remembered."""
        self.clock.start_block()
        self.shared.data.fill(0xFF)  # NaN, if ever it were used
        self.shared.shadow = self._untouched(self.shared.size)
        self.local.known.fill(False)

    def end_block(self) -> None:
        for piece in self.pieces.values():
            if piece.space == "global":
                piece.shadow.end_block()

    def place(self, data: Array, name: str, grain: int = 4) -> int:
        """Put bytes where nothing is; returns the address."""
        tag = len(self.pieces)
        base = (tag << _RANGE) + _MIDDLE
        shadow = Shadow(name, -(-len(data) // grain), grain, self.clock, complete=True)
        self.pieces[tag] = Piece(name, base, data, shadow)
        return base

    def place_arrays(self, arrays: dict[int, Array]) -> dict[int, int]:
        """Arrays by parameter -> their addresses. Arrays that overlap are one piece, as they are in truth."""
        spans = []
        for i, array in arrays.items():
            if not array.flags.c_contiguous:
                raise LaunchError(f"the array at parameter {i} is not C-contiguous")
            start = array.__array_interface__["data"][0]
            spans.append((start, start + array.nbytes, i))
        spans.sort()
        addresses: dict[int, int] = {}
        together: list[tuple[int, int, int]] = []
        for span in spans:
            if together and span[0] < max(end for _, end, _ in together):
                together.append(span)
            else:
                addresses |= self._place_together(together, arrays)
                together = [span]
        self._kept.append(arrays)
        return addresses | self._place_together(together, arrays)

    def _place_together(self, spans: list[tuple[int, int, int]], arrays: dict[int, Array]) -> dict[int, int]:
        if not spans:
            return {}
        start, end = spans[0][0], max(end for _, end, _ in spans)
        if not all(arrays[i].size for _, _, i in spans):
            data = np.zeros(0, np.uint8)
        else:
            data = np.ctypeslib.as_array((ctypes.c_ubyte * (end - start)).from_address(start))
        name = " and ".join(
            f"the array at parameter {i}, {arrays[i].dtype} {arrays[i].shape}".replace(",)", ")") for *_, i in spans
        )
        base = self.place(data, name, min(4, *(arrays[i].itemsize for *_, i in spans), 4))
        return {i: base + at - start for at, _, i in spans}

    def find(self, address: Array, threads: Array, space: str, size: int) -> list[Access]:
        """Addresses (threads,) uint64 in a state space, "" for a generic address -> where that is, checked."""
        if space in ("shared", "local"):
            own = self.shared if space == "shared" else self.local
            return [self._within(own, address, threads, size, None)]
        tags = address >> np.uint64(_RANGE)
        if tags[0] == tags[-1] and not np.count_nonzero(tags != tags[0]):
            piece = self._piece(int(tags[0]), address, threads, space)
            return [self._within(piece, address - piece.base, threads, size, None)]
        found = []
        for tag in np.unique(tags):
            which = np.flatnonzero(tags == tag)
            piece = self._piece(int(tag), address[which], threads[which], space)
            found.append(self._within(piece, address[which] - piece.base, threads[which], size, which))
        return found

    def _piece(self, tag: int, address: Array, threads: Array, space: str) -> Piece:
        piece = self.pieces.get(tag)
        if piece is None or (space and piece.space != "global"):
            raise AddressError(
                f"thread {threads[0]} accesses address {int(address[0]):#x}, where there is no "
                f"{space + ' ' if space else ''}memory"
            )
        return piece

    def _within(self, piece: Piece, offsets: Array, threads: Array, size: int, which: Array | None) -> Access:
        if int(offsets.max()) > piece.size - size:
            i = int(np.argmax(offsets))
            raise AddressError(
                f"thread {threads[i]} accesses {size} bytes from byte {int(offsets[i].astype(np.int64))} on of "
                f"{piece.name}, which has {piece.size}"
            )
        offsets = offsets.astype(np.int64)
        if size > 1 and np.count_nonzero(offsets & (size - 1)):
            i = int(np.argmax(offsets & (size - 1)))
            raise AddressError(
                f"thread {threads[i]} accesses {size} bytes from byte {offsets[i]} on of {piece.name}: misaligned"
            )
        return Access(piece, offsets, threads, which)
