"""The laws, loads and supports of a case in the form that equilibrium takes."""

import numpy as np

from meshes.geometry import Block
from solver import hooke, schema
from solver.elasticity import Solid, Traction
from solver.equilibrium import Support
from solver.units import FARADAY

LITHIUM_VOLUME = 12.998e-3  # um^3/fmol (12.998 cm^3/mol); handbook: molar mass over density


def solid_law(region: schema.SolidRegion, mechanics: schema.Mechanics, plane: bool) -> Solid:
    """Stiffness, eigenstrain and initial stress of a region.

    Args:
        region: Its data.
        mechanics: Plane strain or stress.
        plane: Whether the section is plane, not axisymmetric.
    """
    match region.elastic:
        case schema.Isotropic(modulus, ratio):
            stiffness = hooke.isotropic(modulus, ratio)
        case schema.Cubic(c11, c12, c44, angle):
            stiffness = hooke.cubic(c11, c12, c44, angle)
    eigenstrain = np.array([1.0, 1.0, 1.0, 0.0, 0.0, 0.0]) * region.misfit_strain
    if plane and mechanics.stretch is not None:
        eigenstrain[hooke.ZZ] -= mechanics.stretch  # the section is stretched across as well
    initial: hooke.Floats = np.zeros(6)
    initial[[hooke.XX, hooke.ZZ]] = region.residual_stress  # along the layers
    if plane and mechanics.plane == "stress":
        stiffness, initial = hooke.without_stress_across(stiffness, initial)
    return Solid(stiffness, eigenstrain, initial, region.large)


def overpotential_to_pressure(overpotential: float) -> float:
    """Pressure (MPa) of stalled lithium at an overpotential (V): F eta/V_Li."""
    return FARADAY * overpotential / LITHIUM_VOLUME


def conditions(
    block: Block, mechanics: schema.Mechanics
) -> tuple[dict[str, Traction], dict[str, Support]]:
    """Tractions and supports by face; planes of symmetry with a crack hold beside it."""
    tractions: dict[str, Traction] = {}
    supports: dict[str, Support] = {}
    if block.crack is not None:
        supports[block.crack.face] = Support("normal")
    for name, face in mechanics.faces.items():
        match face:
            case schema.Symmetry():
                supports[name] = Support("normal")
            case schema.Moved(normal, tangential):
                given = Support("normal", normal) if normal is not None else None
                supports[name] = given or Support("tangential", tangential or 0.0)
            case schema.Clamped():
                supports[name] = Support("clamped")
            case schema.Plate(pressure):
                supports[name] = Support("plate")
                tractions[name] = Traction(pressure)
            case schema.Traction(pressure, shear):
                tractions[name] = Traction(pressure, shear)
            case schema.Contact():
                supports[name] = Support("obstacle")
            case schema.Indenter(radius, depth):
                supports[name] = Support("obstacle", depth, radius)
            case schema.Lithium(overpotential):
                tractions[name] = Traction(overpotential_to_pressure(overpotential))
            case schema.Free():
                pass
    if mechanics.stretch is not None:
        supports["right"] = Support("normal", mechanics.stretch * block.width)
    return tractions, supports
