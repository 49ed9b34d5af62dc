"""Short ways to cases, meshes and solutions for the tests of this folder.

Lengths in um, conductivities in pA/(V um) (1 S/m = 1e6), area-specific resistances in V um^2/pA.
"""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from mpi4py import MPI

from meshes.cache import cached
from meshes.geometry import Cell, Film, NoOpening, Round, Slit
from meshes.layers import Layer
from meshes.sizing import MeshSize
from solver import quantities, schema
from solver.bounds import certify
from solver.case import load_case
from solver.domain import read_domain
from solver.effective_stiffness import Elastic
from solver.faces import face_statistics
from solver.facing import goes_round
from solver.mechanics_meta import notes
from solver.meshing import left_out, mesh_cache, start_size
from solver.micro_quantities import structure_quantities
from solver.model import build_model
from solver.simulate import simulate
from tests.verification.periodic_cells import periodic_mesh

FOLDER = Path(__file__).parents[2] / "cases" / "verification" / "transport"
UNIT = 1e6  # pA/(V um) in 1 S/m
CONDUCTOR = schema.IonicConductor(UNIT)
BARE = Film(0.0, "interface")  # an insulating plane without thickness


def verification_cases():
    """Every case and variant of cases/verification/transport, as "file" or "file-variant"."""
    found = {}
    for path in sorted(FOLDER.glob("*.toml")):
        case = load_case(path)
        found[path.stem] = case
        found |= {f"{path.stem}-{name}": variant for name, variant in case.variants.items()}
    return found


def electrode(potential, resistance=0.0):
    """An electrode at a potential (V), with an area-specific resistance."""
    return schema.Electrode(potential, None, None, resistance)


def cell(shape, width, opening, film=BARE, **changes):
    """A cell with one layer "electrolyte" of 2.5 widths above."""
    layer = Layer("electrolyte", changes.pop("height", 2.5 * width))
    given = {"filling": "metal", "above": (layer,), "below": (), "resolved_height": None}
    return Cell(shape, width, film, opening, **(given | changes))


def slit(fraction, width=1.0, **changes):
    """A strip with an ideal slit contact."""
    return cell("strip", width, Slit(fraction * width), **changes)


def tube(eps, width=2.0, **changes):
    """A tube with a round contact of radius eps b."""
    return cell("tube", width, Round(eps * width / 2.0), **changes)


def stack(shape, width, above, below=()):
    """Flat layers, nothing else."""
    return Cell(shape, width, None, NoOpening(), "metal", above, below, None)


def make_case(geometry, regions=None, boundaries=None, interfaces=None, **numerics):
    """A case from its geometry; by default an insulating film and electrodes window and top."""
    laws = {"electrolyte": CONDUCTOR, "film": schema.Insulator()}
    if isinstance(geometry, Cell) and geometry.filling == "electrolyte":
        laws["filling"] = CONDUCTOR
    ends = {"window": electrode(0.0), "top": electrode(1.0)}
    return schema.Case(
        title="",
        question="",
        paper="",
        path=Path("test.toml"),
        geometry=geometry,
        regions=laws | (regions or {}),
        boundaries=ends if boundaries is None else boundaries,
        interfaces=interfaces or {},
        numerics=schema.Numerics(**numerics),
        output=schema.Output(pictures=False),
        specimens=(),
        references=(),
        calibrate=None,
        variants={},
        balance=None,
        inputs=(),
        sources=(),
    )


def with_numerics(case, **changes):
    """The case with other numerics."""
    return replace(case, numerics=replace(case.numerics, **changes))


@dataclass(frozen=True)
class Solved:
    """A solved case; resistances of the whole cell in V/pA."""

    case: schema.Case
    built: object
    model: object
    certificate: object
    reference: float

    @property
    def excess(self):
        """Bounds of the excess resistance."""
        return self.certificate.lower - self.reference, self.certificate.upper - self.reference

    @property
    def width(self):
        """Width of the bounds relative to the excess."""
        low, high = self.excess
        return (high - low) / abs(0.5 * (low + high))

    def scaled(self, factor):
        """Bounds of the excess times a factor (4 kappa a for psi, kappa for S)."""
        low, high = self.excess
        return factor * low, factor * high

    def quantities(self):
        """All quantities by name."""
        found = [
            *quantities.resistances(self.case, self.model, self.built, self.certificate),
            *quantities.currents(self.case, self.model, self.certificate),
            *structure_quantities(self.built),
            *face_statistics(self.case, self.model, self.certificate),
        ]
        return {quantity.name: quantity for quantity in found}


def mesh_of(case, size=None):
    """The start mesh of a case, built by the first of all ranks, known to all."""
    world = MPI.COMM_WORLD
    built = None
    if world.rank == 0:
        built = cached(case.geometry, size or start_size(case), left_out(case), mesh_cache())
    return world.bcast(built)


def solve(case, size=None, comm=MPI.COMM_WORLD, built=None):
    """Mesh, solve and certify a case; every rank of the world must call it."""
    built = mesh_of(case, size) if built is None else built
    model = build_model(case, built)
    reference = quantities.reference_resistance(case, model, built)
    domain = goes_round(read_domain(built, comm), case)
    flat = isinstance(case.geometry, Cell) and isinstance(case.geometry.opening, NoOpening)
    over = 0.0 if flat else reference  # as `simulate` does it
    certificate = certify(domain, model, case.numerics, over, lambda *_: None)
    return Solved(case, built, model, certificate, reference)


def even(length):
    """Elements of one size everywhere."""
    return MeshSize(length, 1e-3, length)


def grown(case, comm=MPI.COMM_WORLD):
    """How the cracks of a case grew that damage finds, and its quantities by name."""
    solution = simulate(case, comm, lambda _: None)
    return solution.mechanical.growth, {q.name: q for q in solution.quantities}


def case_of(text, folder):
    """The case of a text."""
    path = folder / "case.toml"
    path.write_text(text)
    return load_case(path)


def numbers(case, comm=MPI.COMM_SELF):
    """The solution of a case, and the values of its quantities by name."""
    solution = simulate(case, comm, lambda _: None)
    return solution, {quantity.name: quantity.value for quantity in solution.quantities}


def told(text, folder):
    """Quantities of the case of a text by name, and all that its report says of stress."""
    solution = simulate(case_of(text, folder), MPI.COMM_SELF, lambda _: None)
    found = {quantity.name: quantity for quantity in solution.quantities}
    return found, " ".join(notes(solution.case, solution.mechanical))


STALLED = """
title = "Current past a lithium-filled flaw"
[geometry]
shape = "block"
width = "100 um"
layers = [{ name = "electrolyte", thickness = "100 um" }]
crack = { face = "left", start = "0 um", end = "1 um" }
[regions.electrolyte]
law = "ionic_conductor"
conductivity = "2.5 mS/cm"
[boundaries.bottom]
law = "electrode"
potential = "0 V"
area_specific_resistance = "10 ohm cm^2"
[boundaries.crack]
law = "electrode"
current = "0 A/m"
area_specific_resistance = "10 ohm cm^2"
[boundaries.top]
law = "electrode"
current_density = "1 mA/cm^2"
[mechanics.solids.electrolyte]
law = "isotropic"
youngs_modulus = "22.1 GPa"
poissons_ratio = 0.37
fracture_toughness = "0.23 MPa m^0.5"
[mechanics.faces.crack]
law = "lithium"
metal = "bottom"
[numerics]
accuracy = "1 %"
"""
# the same under a rigid plate, on one mesh
STACKED = (
    STALLED.replace(
        "[mechanics.faces.crack]",
        """[mechanics.faces.bottom]
law = "symmetry"
[mechanics.faces.top]
law = "plate"
pressure = "20 MPa"
[mechanics.faces.crack]""",
    )
    + 'refinement = "none"\n'
)


def elastic(folder, make, dim, laws, comm=MPI.COMM_WORLD, omit=()):
    """A periodic cell of elastic regions."""
    built = periodic_mesh(folder, comm, make, dim, omit)
    return Elastic(read_domain(built, comm), laws, 1.0, {})


def least(tensor):
    """The least eigenvalue."""
    return np.linalg.eigvalsh(tensor).min()
