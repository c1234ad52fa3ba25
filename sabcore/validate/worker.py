"""The process that runs somebody's program: `python -m sabcore.validate.worker`, spoken to by `process`.

One JSON object a line in, one a line out. The first names the target, {"load": TARGET, "memory": BYTES}; every other
one a question and where to put the answer, {"question": PATH, "answer": PATH}. The replies are {"ok": true, ...} or
{"error": MESSAGE, "kind": KIND}. What the program prints goes to this process's error output, and is counted.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

from sabcore.errors import SABError, TargetError
from sabcore.validate.question import read_question, write_answer
from sabcore.validate.target import Implementation, call, load, takes_states


def main() -> None:
    """Answer requests until there are no more."""
    requests, replies = os.fdopen(os.dup(0)), os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    implementation: Implementation | None = None
    for request in map(json.loads, requests):
        try:
            if "load" in request:
                implementation = load(request["load"])
                _limit_memory(request["memory"])
                reply: dict[str, Any] = {"ok": True, "takes_states": takes_states(implementation)}
            else:
                reply = _answer(implementation, request)
        except SABError as error:
            reply = {"error": " ".join(str(error).split()), "kind": getattr(error, "kind", "shape")}
        except MemoryError:
            reply = {"error": "it runs out of memory", "kind": "memory"}
        replies.write(json.dumps(reply) + "\n")


def _answer(implementation: Implementation | None, request: dict[str, Any]) -> dict[str, Any]:
    if implementation is None:
        raise TargetError("nothing is loaded", "load")
    before = os.fstat(2).st_size
    answer = call(implementation, read_question(request["question"]))
    sys.stdout.flush()
    sys.stderr.flush()
    answer.printed = os.fstat(2).st_size - before
    write_answer(request["answer"], answer.tensors)
    return {"ok": True, **answer.noticed()}


def _limit_memory(more: int) -> None:
    """Let this process use `more` bytes of address space than it does now; without effect where that is unknown."""
    try:
        import resource

        pages = int(open("/proc/self/statm").read().split()[0])  # noqa: SIM115
        limit = pages * resource.getpagesize() + more
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
        resource.setrlimit(resource.RLIMIT_FSIZE, (more, more))
    except (ImportError, OSError, ValueError):
        return


if __name__ == "__main__":
    main()
