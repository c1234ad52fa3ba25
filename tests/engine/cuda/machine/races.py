"""Who touched each word last, and whether a barrier stands between that and the next who does.

Time is a number that each barrier raises. A word keeps when, by which thread and where in the program it was last
written, and when and by whom it was read since the block's last barrier. Readers are kept as a code: a thread; or,
from `threads` on, several threads of one warp; or, after those, of several warps. That is enough to decide, for any
write, whether a reader or writer other than the writing thread came before it with no barrier between.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.engine.cuda.machine.faults import BlocksError, RaceError, UnwrittenError

Array = Any
NEVER = -1
WARP = 32


def warps_of(threads: Array) -> int:
    """How many warps these threads are of; they are in order."""
    warps = threads // WARP
    return int(len(threads) > 0) + int(np.count_nonzero(warps[1:] != warps[:-1]))


class Clock:
    """The times of barriers in the block that runs."""

    def __init__(self, threads: int) -> None:
        warps = -(-threads // WARP)
        self.threads, self.warps = threads, warps
        self.warp = np.arange(threads) // WARP
        #: The warp that a reader's code stands for; -1 for several.
        self.warp_of_code = np.concatenate([self.warp, np.arange(warps), [-1]])
        self.several = threads + warps
        self.now = 0
        self.start_block()

    def start_block(self) -> None:
        """A new block: nothing that was before is unordered with it, other than between blocks."""
        self.block_barrier()
        self.of_warp = np.full(self.warps, self.now)

    def block_barrier(self) -> None:
        self.now += 1
        self.since = self.now

    def warp_barrier(self, warps: Array) -> None:
        self.now += 1
        self.of_warp[warps] = self.now


class Shadow:
    """What is known of the words of one piece of memory. `complete`: it was written before the launch."""

    def __init__(self, name: str, words: int, grain: int, clock: Clock, *, complete: bool) -> None:
        self.name, self.grain, self.clock, self.complete = name, grain, clock, complete
        self.written, self.writer, self.write_site = np.full(words, NEVER), np.zeros(words, int), np.zeros(words, int)
        self.read_, self.reader, self.read_site = np.full(words, NEVER), np.zeros(words, int), np.zeros(words, int)
        self.any_written = self.any_read = False
        self.others_wrote: Array | None = None
        self.others_read: Array | None = None

    def end_block(self) -> None:
        """What this block touched in global memory is out of bounds to the blocks to come, if either writes it."""
        if self.any_written:
            mine = self.written != NEVER
            self.others_wrote = mine if self.others_wrote is None else mine | self.others_wrote
            self.written.fill(NEVER)
        if self.any_read:
            mine = self.read_ != NEVER
            self.others_read = mine if self.others_read is None else mine | self.others_read
            self.read_.fill(NEVER)
        self.any_written = self.any_read = False

    def read(self, words: Array, threads: Array, site: int) -> None:
        """Threads read words, one each."""
        if self.any_written or not self.complete:
            written = self.written[words]
            if not self.complete and np.count_nonzero(written == NEVER):
                i = int(np.argmax(written == NEVER))
                raise UnwrittenError(f"thread {threads[i]} reads {self._at(words[i])}, which nobody has written")
            recent = written >= self.clock.since
            if np.count_nonzero(recent):
                self._check_writer(words, threads, recent, "reads")
        if self.others_wrote is not None and self.others_wrote[words].any():
            i = int(np.argmax(self.others_wrote[words]))
            raise BlocksError(f"thread {threads[i]} reads {self._at(words[i])}, which another block has written")
        self._note_read(words, threads, site)

    def write(self, words: Array, threads: Array, site: int) -> None:
        """Threads write words, one each."""
        clock = self.clock
        if self.any_written:
            recent = self.written[words] >= clock.since
            if np.count_nonzero(recent):
                self._check_writer(words, threads, recent, "writes")
        if self.any_read:
            recent = self.read_[words] >= clock.since
            if np.count_nonzero(recent):
                self._check_readers(words, threads, recent)
        for others, did in ((self.others_wrote, "written"), (self.others_read, "read")):
            if others is not None and others[words].any():
                i = int(np.argmax(others[words]))
                raise BlocksError(f"thread {threads[i]} writes {self._at(words[i])}, which another block has {did}")
        self.written[words], self.writer[words], self.write_site[words] = clock.now, threads, site
        self.any_written = True
        twice = self.writer[words] != threads
        if np.count_nonzero(twice):
            i = int(np.argmax(twice))
            raise RaceError(
                f"threads {threads[i]} and {self.writer[words[i]]} write {self._at(words[i])} in one instruction"
            )

    def _at(self, word: int) -> str:
        return f"byte {int(word) * self.grain} of {self.name}"

    def _check_writer(self, words: Array, threads: Array, recent: Array, does: str) -> None:
        clock, writer = self.clock, self.writer[words]
        warp = clock.warp[threads]
        ordered = (clock.warp[writer] == warp) & (self.written[words] < clock.of_warp[warp])
        racing = recent & (writer != threads) & ~ordered
        if np.count_nonzero(racing):
            i = int(np.argmax(racing))
            raise RaceError(
                f"thread {threads[i]} {does} {self._at(words[i])}, which thread {writer[i]} wrote in PTX line "
                f"{self.write_site[words[i]]}, and no barrier stands between"
            )

    def _check_readers(self, words: Array, threads: Array, recent: Array) -> None:
        clock, code = self.clock, self.reader[words]
        warp = clock.warp[threads]
        ordered = (clock.warp_of_code[code] == warp) & (self.read_[words] < clock.of_warp[warp])
        racing = recent & (code != threads) & ~ordered
        if np.count_nonzero(racing):
            i = int(np.argmax(racing))
            raise RaceError(
                f"thread {threads[i]} writes {self._at(words[i])}, which {self._who(int(code[i]))} read, last in PTX "
                f"line {self.read_site[words[i]]}, and no barrier stands between"
            )

    def _who(self, code: int) -> str:
        threads = self.clock.threads
        if code < threads:
            return f"thread {code}"
        return "threads of several warps" if code == self.clock.several else f"several threads of warp {code - threads}"

    def _note_read(self, words: Array, threads: Array, site: int) -> None:
        clock = self.clock
        if words[0] == words[-1] and len(words) > 1 and not np.count_nonzero(words != words[0]):
            self._note_broadcast(int(words[0]), threads, site)
            return
        before = self.read_[words]
        recent = before >= clock.since
        codes = self._merged(words, threads, before, recent) if np.count_nonzero(recent) else threads
        self.read_[words], self.reader[words], self.read_site[words] = clock.now, codes, site
        self.any_read = True
        kept = self.reader[words]
        differs = kept != codes
        if np.count_nonzero(differs):  # several of these threads read one word
            words, kept, codes = words[differs], kept[differs], np.broadcast_to(codes, differs.shape)[differs]
            warps = clock.warp_of_code[kept]
            apart = (clock.warp_of_code[codes] != warps) | (warps < 0)
            self.reader[words] = clock.threads + warps
            self.reader[words[apart]] = clock.several

    def _note_broadcast(self, word: int, threads: Array, site: int) -> None:
        """All these threads read one word."""
        clock = self.clock
        first, last = clock.warp[threads[0]], clock.warp[threads[-1]]  # threads are in order
        code = clock.several if first != last else clock.threads + first
        if self.read_[word] >= clock.since and clock.warp_of_code[self.reader[word]] != first:
            code = clock.several
        self.read_[word], self.reader[word], self.read_site[word] = clock.now, code, site
        self.any_read = True

    def _merged(self, words: Array, threads: Array, before: Array, recent: Array) -> Array:
        """The codes of the readers until now and of `threads` together."""
        clock = self.clock
        old, warp = self.reader[words], clock.warp[threads]
        same_warp = clock.warp_of_code[old] == warp
        forgotten = ~recent | (same_warp & (before < clock.of_warp[warp])) | (old == threads)
        return np.where(forgotten, threads, np.where(same_warp, clock.threads + warp, clock.several))
