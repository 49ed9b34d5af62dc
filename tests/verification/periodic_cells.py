"""Periodic cells for the tests, made with Gmsh: round inclusions, laminates, a checkerboard.

A cell is one period wide. Polygons and polyhedra that stand for round inclusions are as large as
the circle or sphere.
"""

from pathlib import Path

import gmsh
import numpy as np
from mpi4py import MPI

from meshes.build import build, gmsh_model
from meshes.geometry import MeshFile
from meshes.mesh import BuiltMesh
from meshes.sizing import MeshSize
from solver.domain import read_domain
from solver.effective_conduction import Conducting

TWO_AXES, THREE_AXES = ((1, 0, 0), (0, 1, 0)), ((1, 0, 0), (0, 1, 0), (0, 0, 1))


def _tie_sides(axes: tuple[tuple[int, int, int], ...], dim: int) -> None:
    """Mesh opposite sides of the unit cell alike."""
    slack = 1e-6
    for axis in range(len(axes)):
        low = [-slack] * 3
        high = [1.0 + slack] * 3
        high[axis] = slack
        below = gmsh.model.getEntitiesInBoundingBox(*low, *high, dim - 1)
        for _, tag in below:
            box = np.array(gmsh.model.getBoundingBox(dim - 1, tag))
            box[[axis, axis + 3]] += 1.0
            wide = np.concatenate([box[:3] - slack, box[3:] + slack])
            above = gmsh.model.getEntitiesInBoundingBox(*wide, dim - 1)
            shift = np.eye(4)
            shift[axis, 3] = 1.0
            gmsh.model.mesh.setPeriodic(dim - 1, [above[0][1]], [tag], shift.ravel())


def _write(path: Path, groups: dict[str, list[int]], dim: int) -> None:
    for number, (name, tags) in enumerate(groups.items(), start=1):
        gmsh.model.addPhysicalGroup(dim, tags, number, name)
    gmsh.write(str(path))


def cylinder(path: Path, share: float, size: float, near: float) -> None:
    """Square array of circular cylinders in the plane: regions matrix and inclusion."""
    radius = np.sqrt(share / np.pi)
    sides = 4 * int(np.ceil(2.0 * np.pi * radius / near / 4.0))
    angle = 2.0 * np.pi / sides
    radius *= np.sqrt(angle / np.sin(angle))  # the polygon has the area of the circle
    with gmsh_model():
        occ = gmsh.model.occ
        box = occ.addRectangle(0.0, 0.0, 0.0, 1.0, 1.0)
        turns = angle * np.arange(sides)
        points = [occ.addPoint(0.5 + radius * np.cos(t), 0.5 + radius * np.sin(t), 0.0)
                  for t in turns]  # fmt: skip
        lines = [occ.addLine(a, b) for a, b in zip(points, points[1:] + points[:1], strict=True)]
        disc = occ.addPlaneSurface([occ.addCurveLoop(lines)])
        occ.fragment([(2, box)], [(2, disc)])
        occ.synchronize()
        _tie_sides(TWO_AXES, 2)
        inclusion = [disc]
        matrix = [tag for _, tag in gmsh.model.getEntities(2) if tag != disc]
        gap = 0.5 - radius
        _sizes(lambda r: min(size, max(near, near * r / max(gap, near))), radius)
        gmsh.model.mesh.generate(2)
        _write(path, {"matrix": matrix, "inclusion": inclusion}, 2)


def _sizes(at, radius: float) -> None:
    def field(dim, tag, x, y, z, lc):
        middle = np.array([x, y, z]) - 0.5
        if dim < 3 and abs(z) < 1e-9:
            middle = middle[:2]
        return at(abs(np.linalg.norm(middle) - radius))

    gmsh.model.mesh.setSizeCallback(field)


def sphere(path: Path, share: float, size: float, near: float) -> None:
    """Simple cubic array of spheres: regions matrix and inclusion."""
    radius = (3.0 * share / (4.0 * np.pi)) ** (1.0 / 3.0)
    for _ in range(2):
        with gmsh_model():
            occ = gmsh.model.occ
            box = occ.addBox(0.0, 0.0, 0.0, 1.0, 1.0, 1.0)
            ball = occ.addSphere(0.5, 0.5, 0.5, radius)
            occ.fragment([(3, box)], [(3, ball)])
            occ.synchronize()
            _tie_sides(THREE_AXES, 3)
            inclusion = [ball]
            matrix = [tag for _, tag in gmsh.model.getEntities(3) if tag != ball]
            gmsh.model.mesh.field.add("MathEval", 1)
            far = f"Abs(Sqrt((x-0.5)^2+(y-0.5)^2+(z-0.5)^2)-{radius})"
            gmsh.model.mesh.field.setString(1, "F", f"{near}+{(size - near) / 0.3}*{far}")
            gmsh.model.mesh.field.setAsBackgroundMesh(1)
            gmsh.model.mesh.generate(3)
            _write(path, {"matrix": matrix, "inclusion": inclusion}, 3)
            volume = _volume(ball)
        radius *= (share / volume) ** (1.0 / 3.0)


def _volume(tag: int) -> float:
    _, _, nodes = gmsh.model.mesh.getElements(3, tag)
    tags, points, _ = gmsh.model.mesh.getNodes()
    place = np.zeros(int(tags.max()) + 1, dtype=np.int64)
    place[tags] = np.arange(len(tags))
    corners = points.reshape(-1, 3)[place[nodes[0].reshape(-1, 4)]]
    return float(np.abs(np.linalg.det(corners[:, 1:] - corners[:, :1])).sum() / 6.0)


def blocks(path: Path, colours: np.ndarray, size: float) -> None:
    """A cell of equal rectangles (boxes): regions a, b, c where the array has 0, 1, 2."""
    dim = colours.ndim
    with gmsh_model():
        occ = gmsh.model.occ
        edge = 1.0 / np.array([*colours.shape, 1][:3])
        parts = []
        for place in np.ndindex(colours.shape):
            at = np.zeros(3)
            at[:dim] = np.array(place) * edge[:dim]
            if dim == 2:
                parts.append((2, occ.addRectangle(*at, edge[0], edge[1])))
            else:
                parts.append((3, occ.addBox(*at, *edge)))
        _, into = occ.fragment(parts[:1], parts[1:])
        occ.synchronize()
        _tie_sides(TWO_AXES if dim == 2 else THREE_AXES, dim)
        gmsh.option.setNumber("Mesh.MeshSizeMax", size)
        gmsh.option.setNumber("Mesh.MeshSizeMin", size)
        gmsh.model.mesh.generate(dim)
        groups: dict[str, list[int]] = {"a": [], "b": [], "c": []}
        for colour, entities in zip(colours.ravel(), into, strict=True):
            groups["abc"[int(colour)]] += [tag for _, tag in entities]
        _write(path, {name: tags for name, tags in groups.items() if tags}, dim)


def periodic_mesh(folder: Path, comm: MPI.Intracomm, make, dim: int, omit=()) -> BuiltMesh:
    """The mesh that `make(path)` writes, read as a mesh file; on all ranks."""
    built = None
    if comm.rank == 0:
        folder = folder / f"{comm.size}-{MPI.COMM_WORLD.rank}"  # ranks may share the one they got
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / "cell.msh"
        make(path)
        dimension, axes = ("3d", ("x", "y", "z")) if dim == 3 else ("plane", ("x", "y"))
        file = MeshFile(str(path), dimension, 1.0, 1.0, None, axes)
        built = build(file, MeshSize(0.1, 0.1, 1.3), omit, folder)
    return comm.bcast(built)


def conducting(folder, comm, make, dim, conductivity) -> Conducting:
    """A cell of given conductivities; those that are zero are left out."""
    omit = [name for name, value in conductivity.items() if value == 0.0]
    built = periodic_mesh(folder, comm, make, dim, omit)
    laws = {name: value for name, value in conductivity.items() if value > 0.0}
    return Conducting(read_domain(built, comm), laws, 1.0, {})
