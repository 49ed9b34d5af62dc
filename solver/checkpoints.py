"""When a march is kept: at chosen times, after a time of computing, when a signal asks for it.

The file lies beside the folder of the run, `<folder>.checkpoint.h5`, and goes when the run is done.
"""

import glob
import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from time import monotonic

from mpi4py import MPI

from solver import checkpoint_file, march_schema, schema
from solver.carrier_system import System
from solver.interruption import Asked, Interrupted
from solver.march_states import Snapshot
from solver.resolved import resolved_toml

Progress = Callable[[str], None]
NOTHING, WRITE, STOP = 0, 1, 2
SUFFIX = ".checkpoint.h5"


@dataclass(frozen=True)
class Keeper:
    """Where the checkpoints of a run are, and what they have to fit.

    Attributes:
        place: The file.
        identity: Hash of the case (without its outputs and references), its files and the program.
        resume: Whether to go on from the file.
        interval: Of computing between two checkpoints, s.
        times: Of the programme, s: the first step in time that reaches one is kept.
    """

    place: Path
    identity: str
    resume: bool
    interval: float
    times: tuple[float, ...]


def keeper_of(
    case: schema.Case, out: Path, resume: bool, sources: str, files: dict[str, str]
) -> Keeper | None:
    """For a run of a case into a folder, from sources of a hash; None where nothing is kept.

    The case reads files with the contents `files`.
    """
    given = case.programme
    if given is None or not given.steps or case.map or case.solve_for:
        return None
    place = Path(os.path.abspath(out))
    usual = march_schema.Programme()
    programme = replace(
        given,
        checkpoint_interval=usual.checkpoint_interval,
        checkpoint_times=usual.checkpoint_times,
    )
    plain = replace(case, output=schema.Output(), references=(), programme=programme)
    text = f"{resolved_toml(plain)}\n{sources}\n{sorted(files.items())}"
    return Keeper(
        place.with_name(place.name + SUFFIX),
        hashlib.sha256(text.encode()).hexdigest(),
        resume,
        given.checkpoint_interval,
        tuple(sorted(given.checkpoint_times)),
    )


def remove(keeper: Keeper | None, comm: MPI.Intracomm) -> None:
    """The file, and what a killed run has left of one."""
    if keeper is None or comm.rank > 0:
        return
    keeper.place.unlink(missing_ok=True)
    _tidy(keeper)


def _tidy(keeper: Keeper) -> None:
    """Remove files that killed runs have not finished; on one rank."""
    for left in keeper.place.parent.glob(f".{glob.escape(keeper.place.name)}.*"):
        left.unlink(missing_ok=True)


def kept_before(
    keeper: Keeper, system: System, progress: Progress, on_mesh: checkpoint_file.OnMesh
) -> Snapshot | None:
    """The checkpoint to go on from, if that is wanted and there is one that fits; collective.

    A problem on a mesh that was made on the way comes from `on_mesh`.
    """
    if system.comm.rank == 0:
        _tidy(keeper)
    if not keeper.resume:
        return None
    try:
        found = checkpoint_file.read(keeper.place, system, keeper.identity, on_mesh)
    except checkpoint_file.Unusable as error:
        progress(f"from the start: no checkpoint {keeper.place} to go on from, {error}")
        return None
    progress(f"goes on from t = {found.history.times[-1]:.6g} s, step {found.step + 1}")
    return found


class Keeping:
    """Writes what a march offers, when it is time."""

    def __init__(
        self, keeper: Keeper, comm: MPI.Intracomm, asked: Asked, begin: float, progress: Progress
    ) -> None:
        """From a time of the march on, s."""
        self.keeper, self.comm, self.asked, self.progress = keeper, comm, asked, progress
        self.waiting = [t for t in keeper.times if t > begin]
        self.written = monotonic()

    def __call__(self, time: float, make: Callable[[], Snapshot]) -> None:
        """After a step in time; collective.

        Raises:
            Interrupted: SIGTERM has come on one of the ranks; the state is kept.
        """
        what = int(self.comm.allreduce(self._wanted(time), op=MPI.MAX))
        if what == NOTHING:
            return
        self.waiting = [t for t in self.waiting if t > time]
        self.asked.checkpoint = False
        snapshot = make()
        kept = f"t = {snapshot.history.times[-1]:.6g} s"
        try:
            checkpoint_file.write(
                self.keeper.place, snapshot.system, snapshot, self.keeper.identity
            )
        except OSError as error:
            self.progress(f"no checkpoint at {kept}: {error}")
            kept = "the last checkpoint, if there is one: no other can be written"
        else:
            self.progress(f"checkpoint at {kept}")
        self.written = monotonic()
        if what == STOP:
            self.asked.stop = False
            raise Interrupted(
                f"ended by SIGTERM; `--resume` goes on from {kept} ({self.keeper.place})"
            )

    def _wanted(self, time: float) -> int:
        if self.asked.stop:
            return STOP
        late = self.comm.rank == 0 and monotonic() - self.written >= self.keeper.interval
        due = bool(self.waiting) and time >= self.waiting[0]
        return WRITE if late or due or self.asked.checkpoint else NOTHING
