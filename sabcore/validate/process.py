"""Asking a process: JSON lines to and fro, tensors in safetensors files, with limits on time and memory."""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sabcore.errors import FormatError, TargetError
from sabcore.validate.question import Answer, Question, read_answer, write_question

#: Seconds for one answer, and for loading; bytes that a program may use beyond what loading it took.
TIME_LIMIT, LOAD_LIMIT, MEMORY_LIMIT = 10.0, 60.0, 4 << 30
#: The longest reply that is read.
_LONGEST = 1 << 20


class Peer:
    """A process that answers questions. It is started when first asked, and again after it has died."""

    def __init__(self, command: Sequence[str], time_limit: float = TIME_LIMIT) -> None:
        self.command, self.time_limit = list(command), time_limit
        self.folder = Path(tempfile.mkdtemp(prefix="sab-validate-"))
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the process if it is not running."""
        if self.process is not None and self.process.poll() is None:
            return
        with open(self.folder / "output", "ab") as output:
            try:
                self.process = subprocess.Popen(
                    self.command,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=output,
                    start_new_session=True,
                )
            except OSError as error:
                raise TargetError(f"{self.command[0]} cannot be started: {error.strerror}", "load") from error

    def ask(self, question: Question) -> Answer:
        """The process's answer.

        Raises:
            TargetError: it gave none, and why.
        """
        self.start()
        asked, answered = self.folder / "question.safetensors", self.folder / "answer.safetensors"
        answered.unlink(missing_ok=True)
        write_question(asked, question)
        reply = self.request({"question": str(asked), "answer": str(answered)}, self.time_limit)
        try:
            tensors = read_answer(answered)
        except FormatError as error:
            raise TargetError(f"its answer cannot be read: {error}", "shape") from error
        fields = {name: reply[name] for name in ("printed", "wrote", "reseeded", "seconds") if name in reply}
        return Answer(tensors, **fields)

    def request(self, message: dict[str, Any], seconds: float) -> dict[str, Any]:
        """One line out, one line back."""
        assert self.process is not None
        assert self.process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.write(json.dumps(message).encode() + b"\n")
            self.process.stdin.flush()
        line = self._line(time.monotonic() + seconds, seconds)
        try:
            reply = json.loads(line)
        except ValueError:
            reply = None
        if not isinstance(reply, dict):
            raise TargetError("its reply is not a JSON object on one line", "shape")
        if "error" in reply:
            raise TargetError(str(reply["error"]), str(reply.get("kind", "raised")))
        return reply

    def _line(self, deadline: float, seconds: float) -> bytes:
        """The next line of the process's output, waited for until `deadline`."""
        assert self.process is not None
        assert self.process.stdout is not None
        line = b""
        with selectors.DefaultSelector() as selector:
            selector.register(self.process.stdout, selectors.EVENT_READ)
            while not line.endswith(b"\n"):
                if not selector.select(max(0.0, deadline - time.monotonic())):
                    self.stop()
                    raise TargetError(f"it gives no answer within {seconds:g} s (see --time-limit)", "time")
                piece = os.read(self.process.stdout.fileno(), 1 << 16)
                if not piece:
                    raise self._ended(deadline)
                line += piece
                if len(line) > _LONGEST:
                    self.stop()
                    raise TargetError("its reply does not end", "shape")
        return line

    def _ended(self, deadline: float) -> TargetError:
        """How the process ended; one that goes on without its output is stopped."""
        assert self.process is not None
        try:
            code = self.process.wait(max(1.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            self.stop()
            return TargetError("it closes its output and goes on, but should answer", "time")
        how = f"exit code {code}" if code >= 0 else f"signal {signal.Signals(-code).name}"
        return TargetError(f"it ends the process: {how}", "ended")

    def stop(self) -> None:
        """End the process and what it started."""
        if self.process is None:
            return
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            with contextlib.suppress(OSError):
                if pipe is not None:
                    pipe.close()
        self.process = None

    def close(self) -> None:
        """End the process and remove its files."""
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


class TargetProcess(Peer):
    """A Python target in a process of its own, with the caller's paths."""

    def __init__(self, target: str, time_limit: float = TIME_LIMIT, memory_limit: int = MEMORY_LIMIT) -> None:
        super().__init__([sys.executable, "-m", "sabcore.validate.worker"], time_limit)
        self.target, self.memory_limit = target, memory_limit
        self.takes_states = False

    def start(self) -> None:
        """Start the process and load the target, if it is not running."""
        if self.process is None or self.process.poll() is not None:
            self.stop()
            super().start()
            reply = self.request({"load": self.target, "memory": self.memory_limit}, LOAD_LIMIT)
            self.takes_states = bool(reply.get("takes_states"))
