"""Run folders with known fields, made without the solver: for the tests of output and report.

The slit: half a period b = 1 um of a strip, insulated but for |x| < a on y = 0. The complex
potential is arcsin(zeta / k), zeta = sin(pi z / 2b), k = sin(pi a / 2b). Its imaginary part is the
potential, its real part is constant along streamlines, -pi/2 and pi/2 at the rims.
"""

from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
from dolfinx import fem, mesh
from mpi4py import MPI

from solver import fields, output
from solver.geometry_meta import GeometryMeta

A, B, HEIGHT = 0.3, 1.0, 1.5
CONDUCTIVITY = 0.1  # mA/(V um): current densities in mA/cm^2 are 1e8 times that; any number does


@dataclass(frozen=True)
class Quantity:
    """As the solver's, without importing it."""

    name: str
    value: float | str | None
    unit: str
    lower: float | None = None
    upper: float | None = None
    bound: str = "none"
    meaning: str = ""
    reported: float | None = None
    source: str = ""
    grade: str = ""
    hit: bool | None = None
    reason: str = ""


@dataclass(frozen=True)
class Input:
    key: str
    text: str
    source: str
    role: str
    confidence: str = ""
    range: tuple[str, str] | None = None
    datum: str = ""


@dataclass(frozen=True)
class Example:
    """What `write_run` puts into a folder besides the fields."""

    geometry: GeometryMeta | None
    quantities: tuple[Quantity, ...] = (
        Quantity("excess_area_specific_resistance", 0.18691, "ohm cm^2", 0.18684, 0.18698,
                 "guaranteed", "Over the stack without damage."),
        Quantity("peak_amplification", float("inf"), "1", meaning="Singular."),
        Quantity("share.window", 0.75, "1", bound="estimated", meaning="Through the opening.",
                 reported=0.5, source="Nobody 2000", grade="R", hit=False, reason="It is larger."),
        Quantity("area_specific_resistance", 30.0, "ohm cm^2", 30.0, 30.0, "guaranteed",
                 reported=29.5, source="Nobody 2000", grade="P", hit=True),
    )  # fmt: skip
    title: str = "Slit & <film>"
    inputs: tuple[Input, ...] = (
        Input("geometry.width", "10 um", "a guess", "assumed", range=("1 um", "100 um")),
        Input("regions.electrolyte.conductivity", "2.5 mS/cm", "Nobody 2000", "paper"),
        Input("regions.film.conductivity", "1e-9 S/cm", "Somebody 1999", "literature", "medium",
              ("1e-11 S/cm", "1e-8 S/cm")),
        Input("boundaries.window.area_specific_resistance", "9 ohm cm^2", "", "calibrated",
              datum="R2 + R3"),
    )  # fmt: skip
    references: tuple[Any, ...] = (
        SimpleNamespace(quantity="share.window", source="Nobody 2000", relation="at_most"),
        SimpleNamespace(quantity="area_specific_resistance", source="X", relation="at_least"),
    )
    notes: tuple[str, ...] = ("The bounds cover quadrature.",)
    solver: dict[str, Any] = field(default_factory=lambda: {"iterations": 9})

    def case(self) -> Any:
        return SimpleNamespace(
            title=self.title, question="Where does it go?", paper="Nobody 2000", path="x/slit.toml",
            inputs=self.inputs, references=self.references,
        )  # fmt: skip

    def meta(self) -> output.RunMeta:
        levels = tuple(
            output.Level(10 * 4**n, 23 * 4**n, 0.187, 0.187 - half, 0.187 + half, order, 9, 0.1)
            for n, half, order in ((0, 0.02, None), (1, 5e-3, 2.0), (2, 1.25e-3, 2.0))
        )
        return output.RunMeta(
            status="solved", ranks=1, timings={"mesh": 0.5, "solve": 1.25},
            memory={"sum [MB]": 210.5, "per rank [MB]": [210.5]}, mesh={"cells": 640},
            geometry=self.geometry, history=levels,
            history_of="excess resistance [ohm cm^2]", solver=self.solver, notes=self.notes,
        )  # fmt: skip


def write_numbers(folder: Path, example: Example) -> None:
    """Results and copies of the case."""
    resolved = 'title = "slit <&>"\n'
    output.write_case_copies(folder, [("slit.toml", b"# as it was\n")], resolved)
    output.write_results(folder, example.case(), example.quantities, example.meta(), resolved)


def complex_potential(x):
    return np.arcsin(np.sin(np.pi * (x[0] + 1j * x[1]) / (2 * B)) / np.sin(np.pi * A / (2 * B)))


def slit_potential(x):
    return complex_potential(x).imag


def slit_current(x):
    """-conductivity grad phi; with w = psi + i phi, dw/dz = phi_y + i phi_x."""
    k = np.sin(np.pi * A / (2 * B))
    zeta = np.pi * (x[0] + 1j * x[1]) / (2 * B)
    slope = np.pi / (2 * B) * np.cos(zeta) / (k * np.sqrt(1 - (np.sin(zeta) / k) ** 2 + 0j))
    # the branch on which the potential grows upwards
    slope = np.where(slope.real < 0, -slope, slope)
    return -1e8 * CONDUCTIVITY * np.vstack([slope.imag, slope.real])


def graded(n: int) -> np.ndarray:
    """Places on [0, 1], finer towards 0."""
    return np.linspace(0, 1, n + 1) ** 2


def slit_mesh(comm: MPI.Intracomm, n: int = 12) -> mesh.Mesh:
    """The half period, finer towards the rim at (A, 0)."""
    msh = mesh.create_rectangle(comm, [(-1.0, 0.0), (1.0, 1.0)], [2 * n, n])
    x, y = msh.geometry.x[:, 0].copy(), msh.geometry.x[:, 1].copy()
    msh.geometry.x[:, 0] = np.where(x < 0, A - A * x**2, A + (B - A) * x**2)
    msh.geometry.x[:, 1] = HEIGHT * y**2
    # the squares above have put the rim at x = A and kept 0, A and B in place
    return msh


def lagrange(msh: mesh.Mesh, values, kind: str = "DG", degree: int = 2, size: int = 1):
    shape = () if size == 1 else (size,)
    space = fem.functionspace(msh, (kind, degree, shape) if shape else (kind, degree))
    function = fem.Function(space)
    function.interpolate(values)
    return function


def at_rim(values):
    """Values a little off the rim, where the exact current density is infinite."""

    def moved(x):
        shifted = x.copy()
        near = np.hypot(x[0] - A, x[1]) < 1e-9
        shifted[0, near] -= 1e-3
        return values(shifted)

    return moved


SLIT = GeometryMeta(
    dimension="plane", shape="strip", mirror=("x",), multiplicity=2.0, width=2 * B,
    opening=2 * A, opening_kind="slit", film=0.0, film_model="interface",
    regions={"electrolyte": 1}, faces={"window": "face_window"}, unmeshed={"electrolyte": 750.0},
    cell_area=2 * B, open_area=2 * A,
)  # fmt: skip


def write_slit(folder: Path, comm: MPI.Intracomm) -> None:
    """Fields and numbers of the slit. Collective."""
    msh = slit_mesh(comm)
    potential, current = lagrange(msh, slit_potential), lagrange(msh, at_rim(slit_current), size=2)
    ones = lagrange(msh, lambda x: np.ones(x.shape[1]), degree=0)
    fields.write_vtu(
        folder, output.FIELDS, msh,
        {output.POTENTIAL: potential, output.CURRENT: current},
        {output.REGION: ones, output.INDICATOR: ones},
    )  # fmt: skip
    window = mesh.locate_entities_boundary(
        msh, 1, lambda x: np.isclose(x[1], 0) & (x[0] < A + 1e-9)
    )
    fields.write_face(folder, "window", msh, window, current)
    if comm.rank == 0:
        write_numbers(folder, Example(SLIT))


def write_block(folder: Path, comm: MPI.Intracomm, kind: str = "round") -> None:
    """A quarter cell in 3D with a current density that is strong at the axis. Collective."""
    msh = mesh.create_unit_cube(comm, 8, 8, 8)

    def flow(x):
        down = 1.0 / (0.05 + x[0] ** 2 + x[1] ** 2 + x[2] ** 2)
        return np.vstack([0 * down, 0 * down, -down])

    current = lagrange(msh, flow, size=3)
    potential = lagrange(msh, lambda x: 0.1 * x[2])
    ones = lagrange(msh, lambda x: np.ones(x.shape[1]), degree=0)
    fields.write_vtu(
        folder, output.FIELDS, msh,
        {output.POTENTIAL: potential, output.CURRENT: current},
        {output.REGION: ones, output.INDICATOR: ones},
    )  # fmt: skip
    bottom = mesh.locate_entities_boundary(msh, 2, lambda x: np.isclose(x[2], 0))
    fields.write_face(folder, "window", msh, bottom, current)
    geometry = GeometryMeta(
        dimension="3d", shape="square", mirror=("x", "y"), multiplicity=4.0, width=2.0, opening=0.5,
        opening_kind=kind, film=None, film_model="none", regions={"electrolyte": 1},
        faces={"window": "face_window"}, unmeshed={}, cell_area=4.0, open_area=0.2,
    )  # fmt: skip
    if comm.rank == 0:
        write_numbers(folder, Example(geometry, title="Block"))
