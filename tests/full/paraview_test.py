"""Fields opened by the real ParaView: points, cells, ranges and values, also of degree 2, 2 ranks.

Each reader runs in a `pvpython` of its own.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.needs_paraview, pytest.mark.slow]

TOP = Path(__file__).resolve().parents[2]

# A quadratic potential, a linear current and the number of the region on a unit square or cube.
WRITE = """
import sys
from pathlib import Path
import numpy as np
from dolfinx import mesh
from mpi4py import MPI
from solver import fields
from tests.unit.output_example import lagrange

folder, dim, kind = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
make = mesh.create_unit_square if dim == 2 else mesh.create_unit_cube
msh = make(MPI.COMM_WORLD, *[4] * dim, ghost_mode=mesh.GhostMode.none)
potential = lagrange(msh, lambda x: x[0] ** 2 + 2 * x[1])
current = lagrange(msh, lambda x: np.vstack([1 + x[1], 2 - x[0], 3 * x[0]])[:dim], size=dim)
region = lagrange(msh, lambda x: np.full(x.shape[1], 7.0), degree=0)
points = {"potential [V]": potential, "current density [mA/cm^2]": current}
if kind == "vtx":
    fields.write_vtx(folder, msh, points)
else:
    fields.write_vtu(folder, "fields", msh, points, {"region [-]": region})
    top = mesh.locate_entities_boundary(msh, dim - 1, lambda x: np.isclose(x[dim - 1], 1))
    fields.write_face(folder, "top", msh, top, current)
"""

READ = """
import json, sys
from paraview import simple, servermanager
reader = getattr(simple, sys.argv[1])(FileName=sys.argv[2])
reader.UpdatePipeline()
simple.Calculator  # loads the filters
info = reader.GetDataInformation()
out = {"points": info.GetNumberOfPoints(), "cells": info.GetNumberOfCells(), "arrays": {}}
for name, data in (("point", reader.PointData), ("cell", reader.CellData)):
    for array in data:
        ranges = [array.GetRange(i) for i in range(array.GetNumberOfComponents())]
        out["arrays"][array.GetName()] = [name, ranges]
# what ParaView computes with the field: its integral, through its own quadrature of the cells
integral = simple.IntegrateVariables(Input=reader)
integral.UpdatePipeline()
data = servermanager.Fetch(integral)
out["size"] = [data.GetCellData().GetArray(n).GetTuple1(0) for n in ("Length", "Area", "Volume")
               if data.GetCellData().GetArray(n)][-1]
for i in range(data.GetPointData().GetNumberOfArrays()):
    array = data.GetPointData().GetArray(i)
    out.setdefault("integrals", {})[array.GetName()] = list(array.GetTuple(0))
print("RESULT " + json.dumps(out))
"""


def write(folder: Path, ranks: int, dim: int, kind: str = "vtu") -> None:
    command = ["mpirun", "-n", str(ranks), sys.executable, "-m", "mpi4py", "-c", WRITE]
    done = subprocess.run(
        [*command, str(folder), str(dim), kind], cwd=TOP, capture_output=True, text=True,
        timeout=240,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def read(reader: str, path: Path) -> dict:
    environment = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "PYTHONHOME")}
    environment["PATH"] = "/usr/bin:/bin"
    done = subprocess.run(
        ["pvpython", "-c", READ, reader, str(path)], env=environment, capture_output=True,
        text=True, timeout=240,
    )  # fmt: skip
    lines = [line for line in done.stdout.splitlines() if line.startswith("RESULT ")]
    assert lines, done.stdout + done.stderr
    return json.loads(lines[0].removeprefix("RESULT "))


@pytest.mark.parametrize("ranks", [1, 2])
@pytest.mark.parametrize(("dim", "cells", "nodes"), [(2, 32, 6), (3, 384, 10)])
def test_paraview_reads_the_collection(tmp_path, ranks, dim, cells, nodes):
    write(tmp_path, ranks, dim)
    found = read("PVDReader", tmp_path / "fields.pvd")
    assert (found["cells"], found["points"]) == (cells, cells * nodes)
    where, ((low, high),) = found["arrays"]["potential [V]"]
    assert where == "point"
    assert (low, high) == (pytest.approx(0.0, abs=1e-12), pytest.approx(3.0))
    where, ranges = found["arrays"]["current density [mA/cm^2]"]
    assert where == "point"
    assert len(ranges) == 3
    expected = [(1, 2), (1, 2), (0, 3) if dim == 3 else (0, 0)]
    assert ranges == [pytest.approx(pair, abs=1e-12) for pair in expected]
    assert found["arrays"]["region [-]"] == ["cell", [[7.0, 7.0]]]
    assert found["size"] == pytest.approx(1.0)


@pytest.mark.parametrize("ranks", [1, 2])
@pytest.mark.parametrize("dim", [2, 3])
def test_paraview_reads_faces(tmp_path, ranks, dim):
    write(tmp_path, ranks, dim)
    found = read("PVDReader", tmp_path / "face_top.pvd")
    assert found["cells"] == (4 if dim == 2 else 32)
    where, (values,) = found["arrays"]["current density [mA/cm^2]"]
    assert where == "point"
    assert values == pytest.approx((1, 2) if dim == 2 else (0, 3), abs=1e-12)
    assert found["size"] == pytest.approx(1.0)


@pytest.mark.parametrize("ranks", [1, 2])
@pytest.mark.parametrize(("dim", "cells", "nodes"), [(2, 32, 6), (3, 384, 10)])
def test_paraview_reads_vtx(tmp_path, ranks, dim, cells, nodes):
    write(tmp_path, ranks, dim, "vtx")
    found = read("ADIOS2VTXReader", tmp_path / "potential.bp")
    assert (found["cells"], found["points"]) == (cells, cells * nodes)
    assert found["arrays"]["potential [V]"][1] == [pytest.approx((0, 3), abs=1e-12)]
    found = read("ADIOS2VTXReader", tmp_path / "current_density.bp")
    ranges = found["arrays"]["current density [mA/cm^2]"][1]
    assert ranges[:dim] == [pytest.approx(p, abs=1e-12) for p in [(1, 2), (1, 2), (0, 3)][:dim]]
