"""The file of a checkpoint: HDF5, written by all ranks, readable on any number of them.

```
/            attributes: program, format, identity, step, first, length, rejected, built
/times       (states,)            s, the oldest first
/scalars     (states, scalars)    potentials of the terminals, charge, sources
/moments     (moments, 9 + 3 n)   as in Moment, with three numbers for each of n faces that grow,
                                  alloys and a flaw that grows
/ends        (ends, 5)            step, time, reason, first, last
/remeshings  (remeshings, 13)     as in Remeshing
/mesh        (bytes,)             the file of a mesh that was made on the way; empty: the first one
/fields/NAME/points   (nodes, 3)         um
/fields/NAME/values   (states, nodes)    of phi_<label>, u, z_<contact>
```

Every rank writes its own nodes, together through MPI where h5py can, else one after the other.
Nodes are found again by their place: a field has one value at a point, whatever the numbers of
nodes and the shares of the ranks are. A rank reads all values piece by piece and keeps its own.
The file gets its name when it is whole and on disk; until then the one before it is there.
"""

import os
from collections.abc import Callable
from dataclasses import astuple, dataclass, fields
from functools import partial
from pathlib import Path
from typing import Any, get_args

import h5py
import numpy as np
import numpy.typing as npt
from petsc4py import PETSc
from scipy.spatial import cKDTree

from meshes.mesh import BuiltMesh, from_json, to_json
from solver.carrier_system import System
from solver.march_events import Reason
from solver.march_fields import Field, Floats
from solver.march_history import History
from solver.march_states import Ended, Marched, Moment, Remeshing, Snapshot

FORMAT = 3
SAME = 1e-9  # of the size of the body: nodes closer than this are one
PIECE = 1 << 20  # nodes that are read at a time
REASONS: tuple[Reason, ...] = get_args(Reason)
NUMBERS = len(fields(Remeshing))


class Unusable(Exception):
    """A checkpoint from which this run cannot go on. Its text says why."""


# -- writing -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Share:
    """The nodes of a field on this rank: how many before them, how many on all ranks."""

    field: Field
    before: int
    total: int

    @property
    def own(self) -> slice:
        """Their places in the arrays of the file."""
        return slice(self.before, self.before + len(self.field.nodes))


def write(
    place: Path, system: System, snapshot: Snapshot, identity: str, together: bool = True
) -> None:
    """Write a checkpoint; collective.

    Args:
        place: Its name; a file that has it is replaced.
        system: The problem, for its mesh and the places of its unknowns.
        snapshot: The march so far.
        identity: Of the case and of the program, see `read`.
        together: Through MPI, where h5py can.

    Raises:
        OSError: It cannot be written, on all ranks; what was there stays.
    """
    comm = system.comm
    beside = Path(comm.bcast(str(place.with_name(f".{place.name}.{os.getpid()}"))))
    small = _small(system, snapshot)
    shares = [
        _Share(f, comm.exscan(len(f.nodes)) or 0, comm.allreduce(len(f.nodes)))
        for f in system.fields
    ]

    def put(opened: Callable[[], h5py.File], first: bool) -> str:
        try:
            with opened() as file:
                if first:
                    _lay_out(file, snapshot, identity, small, shares)
                for share in shares:
                    _put_own(file[f"fields/{share.field.name}"], system, snapshot, share)
        except OSError as error:
            return str(error)
        return ""

    fault = ""
    if comm.size > 1 and together and h5py.get_config().mpi:
        fault = put(lambda: h5py.File(beside, "w", driver="mpio", comm=comm), True)
    else:
        for turn in range(comm.size):
            if turn == comm.rank:
                mode = "w" if turn == 0 else "r+"
                fault = put(partial(h5py.File, beside, mode), turn == 0)
            fault = comm.bcast(fault, root=turn)
            if fault:
                break
    fault = max(comm.allgather(fault))
    if comm.rank == 0:
        fault = fault or _named(beside, place)
        beside.unlink(missing_ok=True)
    fault = comm.bcast(fault)
    if fault:
        raise OSError(f"{place}: {fault}")


def _named(beside: Path, place: Path) -> str:
    """Bring a whole file onto the disk and under its name; what went wrong."""
    try:
        _on_disk(beside)
        beside.replace(place)
        _on_disk(place.parent)
    except OSError as error:
        return str(error)
    return ""


def _on_disk(path: Path) -> None:
    number = os.open(path, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def _small(system: System, snapshot: Snapshot) -> dict[str, npt.NDArray[Any]]:
    """What is the same on all ranks."""
    found = snapshot.found
    steps = range(len(found.ends))  # every step of the programme that has ended, in order
    return {
        "times": np.array(snapshot.history.times),
        "scalars": np.array([system.scalars_of(x) for x in snapshot.history.states]),
        "moments": np.array([_row(m) for m in found.moments] or np.zeros((0, 9))),
        "ends": np.array(
            [
                (n, e.time, REASONS.index(e.reason), e.first, e.last)
                for n, e in zip(steps, found.ends, strict=True)
            ]
        ).reshape(-1, 5),
        "remeshings": np.array([astuple(r) for r in found.remeshings]).reshape(-1, NUMBERS),
        "mesh": np.frombuffer(system.domain.file, dtype=np.uint8),
    }


def _lay_out(
    file: h5py.File,
    snapshot: Snapshot,
    identity: str,
    small: dict[str, npt.NDArray[Any]],
    shares: list[_Share],
) -> None:
    found = snapshot.found
    file.attrs.update(
        {
            "program": "liface", "format": FORMAT, "identity": identity, "step": snapshot.step,
            "first": snapshot.first, "length": snapshot.length, "rejected": found.rejected,
            "built": to_json(snapshot.system.domain.built),
        }
    )  # fmt: skip
    for name, values in small.items():
        file.create_dataset(name, data=values)
    states = len(snapshot.history.times)
    for share in shares:
        group = file.create_group(f"fields/{share.field.name}")
        group.create_dataset("points", (share.total, 3), "f8")
        group.create_dataset("values", (states, share.total), "f8")


def _put_own(group: h5py.Group, system: System, snapshot: Snapshot, share: _Share) -> None:
    group["points"][share.own] = _points(system, share.field)
    for number, x in enumerate(snapshot.history.states):
        group["values"][number, share.own] = x.array_r[share.field.unknowns]


def _points(system: System, field: Field) -> Floats:
    """Places of the own nodes of a field, um, shape (nodes, 3)."""
    return np.asarray(system.space.tabulate_dof_coordinates()[field.nodes], dtype=np.float64)


# -- reading -----------------------------------------------------------------------------------


OnMesh = Callable[[BuiltMesh, bytes], System]


def read(place: Path, system: System, identity: str, on_mesh: OnMesh | None = None) -> Snapshot:
    """Read a checkpoint; collective.

    Args:
        place: The file.
        system: The problem as this run has set it up, on any number of ranks.
        identity: Of the case and of the program: that of the file has to be the same.
        on_mesh: Makes the problem on a mesh that was made on the way, from its file.

    Raises:
        Unusable: There is no such file, or it is of another case, program or mesh; on all ranks.
    """
    comm = system.comm
    fault, snapshot = "", None
    try:
        with h5py.File(place, "r") as file:
            if file.attrs["identity"] != identity or file.attrs["format"] != FORMAT:
                raise Unusable("it is of another case or of other sources of the program")
            data = bytes(file["mesh"][:])
            if data and on_mesh is not None:
                built = from_json(file.attrs["built"], Path())
                system = on_mesh(built, data)
            snapshot = _read(file, system)
    except FileNotFoundError:
        fault = "there is none"
    except (OSError, RuntimeError, KeyError, ValueError, IndexError) as error:
        fault = f"it cannot be read ({error})"
    except Unusable as error:
        fault = str(error)
    fault = max(comm.allgather(fault))
    if fault or snapshot is None:
        raise Unusable(fault)
    return snapshot


def _read(file: h5py.File, system: System) -> Snapshot:
    times = tuple(float(t) for t in file["times"][:])
    states = tuple(system.vector() for _ in times)
    for field in system.fields:
        _read_field(file[f"fields/{field.name}"], system, field, states)
    if system.comm.rank == 0:
        for x, scalars in zip(states, file["scalars"][:], strict=True):
            x.array[system.first_scalar :] = scalars
    steps = system.programme.steps
    faces = len(system.growing) + len(system.voids)
    sizes = len(system.alloy_regions), len(system.stressed)
    ends = [
        Ended(steps[int(n) % len(steps)], float(t), REASONS[int(why)], int(first), int(last))
        for n, t, why, first, last in file["ends"][:]
    ]
    found = Marched(
        [_moment(row, faces, *sizes) for row in file["moments"][:]],
        ends,
        rejected=int(file.attrs["rejected"]),
        remeshings=[Remeshing(*map(float, row)) for row in file["remeshings"][:]],
    )
    return Snapshot(
        found, int(file.attrs["step"]), int(file.attrs["first"]), History(times, states),
        float(file.attrs["length"]), len(found.moments), system,
    )  # fmt: skip


def _row(moment: Moment) -> list[float]:
    """A moment as numbers: one each, faces that grow, alloys, faces under stress, a flaw."""
    *numbers, growth, fractions, stress, flaw = astuple(moment)
    threes = (*growth, *fractions, *stress, *flaw)
    return [*numbers, *(number for three in threes for number in three)]


def _moment(row: Floats, faces: int, alloys: int, stressed: int) -> Moment:
    time, step, voltage, current, charge, least, salt, balance, iterations = map(float, row[:9])
    threes = tuple(
        (float(mean), float(low), float(high)) for mean, low, high in row[9:].reshape(-1, 3)
    )
    return Moment(
        time, int(step), voltage, current, charge, least, salt, balance, int(iterations),
        threes[:faces], threes[faces : faces + alloys],
        threes[faces + alloys : faces + alloys + stressed], threes[faces + alloys + stressed :],
    )  # fmt: skip


def _read_field(
    group: h5py.Group, system: System, field: Field, states: tuple[PETSc.Vec, ...]
) -> None:
    """Values of the own nodes of a field."""
    own = _points(system, field)
    corners = system.domain.mesh.geometry.x
    extent = np.ptp(corners, axis=0).max(initial=0.0) if len(corners) else 0.0
    slack = SAME * max(float(extent), 1e-300)
    found = np.zeros(len(own), dtype=bool)
    if not len(own):
        return
    tree = cKDTree(own)
    for begin in range(0, len(group["points"]), PIECE):
        points = group["points"][begin : begin + PIECE]
        near = np.flatnonzero(
            ((points >= own.min(axis=0) - slack) & (points <= own.max(axis=0) + slack)).all(axis=1)
        )
        distance, node = tree.query(points[near], distance_upper_bound=slack)
        hit = np.isfinite(distance)
        found[node[hit]] = True
        for number, x in enumerate(states):
            piece = group["values"][number, begin : begin + PIECE]
            x.array[field.unknowns[node[hit]]] = piece[near[hit]]
    missing = int(np.count_nonzero(~found))
    if missing:
        raise Unusable(f"it is of another mesh: {missing} nodes of {field.name} are not in it")
