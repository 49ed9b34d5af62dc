"""Signals that ask a run for a checkpoint: SIGUSR1, and SIGTERM, after which the run ends.

A handler only notes what came: the march asks between two steps in time, so that nothing is cut off
in the middle. Exit status of a run that SIGTERM has ended: 143, as shells have it (128 + 15).
"""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType

STOPPED = 143


class Interrupted(Exception):
    """SIGTERM has ended a march whose state is kept. Its text says where."""


@dataclass
class Asked:
    """What signals have asked for since they were last looked at."""

    checkpoint: bool = False
    stop: bool = False


@contextmanager
def listening() -> Iterator[Asked]:
    """Note SIGUSR1 and SIGTERM instead of ending at once; only in the main thread.

    A SIGTERM that nobody has answered at the end acts then.
    """
    asked = Asked()

    def note(number: int, _: FrameType | None) -> None:
        asked.checkpoint = True
        asked.stop = asked.stop or number == signal.SIGTERM

    before = {n: signal.signal(n, note) for n in (signal.SIGUSR1, signal.SIGTERM)}
    try:
        yield asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if asked.stop:
        signal.raise_signal(signal.SIGTERM)
