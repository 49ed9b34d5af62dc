"""The laws, loads and supports of a case in the form that equilibrium takes."""

from dataclasses import replace
from math import inf

import numpy as np

from meshes.block import cracked_stack
from meshes.geometry import Cell
from meshes.layers import Block, Box, Shell, face_length
from meshes.micro import Micro
from solver import hooke, mechanics_schema, schema
from solver.elasticity import Profile, Solid, Traction
from solver.equilibrium import Support
from solver.fracture import origin
from solver.units import FARADAY

LITHIUM_VOLUME = 6.941e-3 / 0.534  # um^3/fmol: molar mass (g/mol) over density (g/cm^3), handbook


STILL = (mechanics_schema.Symmetry, mechanics_schema.Free, mechanics_schema.Clamped)


def loaded_faces(mechanics: mechanics_schema.Mechanics) -> frozenset[str]:
    """Faces that something acts on or moves."""
    return frozenset(n for n, face in mechanics.faces.items() if not isinstance(face, STILL))


def body_case(case: schema.Case) -> schema.Case:
    """The case with the body that carries its stress: of a film with a slit, the cracked stack."""
    if case.mechanics is None or not isinstance(case.geometry, Cell):
        return case
    return replace(case, geometry=cracked_stack(case.geometry, case.mechanics.solids))


def solid_law(
    region: mechanics_schema.SolidRegion,
    mechanics: mechanics_schema.Mechanics,
    plane: bool,
    spatial: bool = False,
) -> Solid:
    """Stiffness, eigenstrain and initial stress of a region.

    Args:
        region: Its data.
        mechanics: Plane strain or stress.
        plane: Whether the section is plane, not axisymmetric.
        spatial: Whether the body is a box in 3D.
    """
    match region.elastic:
        case mechanics_schema.Isotropic(modulus, ratio):
            stiffness = hooke.isotropic(modulus, ratio)
        case mechanics_schema.Cubic(c11, c12, c44, angle):
            stiffness = hooke.cubic(c11, c12, c44, angle)
        case mechanics_schema.Orthotropic(e1, e2, e3, nu12, nu13, nu23, g12, g13, g23, angle):
            moduli, shears = (e1, e2, e3), (g23, g13, g12)
            stiffness = hooke.orthotropic(moduli, (nu12, nu13, nu23), shears, angle)
    free = region.misfit_strain + region.thermal_expansion * mechanics.temperature_change
    eigenstrain = np.array([1.0, 1.0, 1.0, 0.0, 0.0, 0.0]) * free
    if region.misfit_strains:
        eigenstrain += hooke.turned_strain(region.misfit_strains, region.misfit_angle)
    if plane and mechanics.stretch is not None:
        eigenstrain[hooke.ZZ] -= mechanics.stretch  # the section is stretched across as well
    initial: hooke.Floats = np.zeros(6)
    # along the layers, whose normal is y in a section and z in a box
    initial[[hooke.XX, hooke.YY if spatial else hooke.ZZ]] = region.residual_stress
    if plane and mechanics.plane == "stress":
        stiffness, initial = hooke.without_stress_across(stiffness, initial)
    return Solid(stiffness, eigenstrain, initial, region.large, region.graded)


def _profile(block: Block, name: str, lithium: mechanics_schema.Lithium) -> Profile | None:
    """How the pressure of lithium is spread along the crack or a flaw; None: evenly."""
    crack = block.crack
    if lithium.gradient == inf and lithium.dry_length == 0.0:
        return None
    flaw = next((flaw for flaw in block.flaws if flaw.name == name), None)
    if flaw is not None:  # from its surface: s = x/cos(angle), y/sin(angle)
        axis = 1 if flaw.surface in ("bottom", "top") else 0
        shift = origin(block) if axis == 1 else 0.0
        slope = lithium.gradient / abs(flaw.direction[axis])
        places = ((flaw.x, flaw.y)[axis] - shift, flaw.end[axis] - shift)
        return Profile(axis, *places, slope, 0.0, lithium.mouth_pressure)
    if crack is None:
        return None
    axis, shift = (1, origin(block)) if crack.face == "left" else (0, 0.0)
    below = crack.end < face_length(block, crack.face)
    mouth, tip = (crack.start, crack.end) if below else (crack.end, crack.start)
    ends = (mouth - shift, tip - shift)
    return Profile(axis, *ends, lithium.gradient, lithium.dry_length, lithium.mouth_pressure)


def overpotential_to_pressure(overpotential: float) -> float:
    """Pressure (MPa) of stalled lithium at an overpotential (V): F eta/V_Li."""
    return FARADAY * overpotential / LITHIUM_VOLUME


def stall_pressure(lithium: mechanics_schema.Lithium) -> float:
    """Pressure (MPa) at which no net current enters lithium: max(0, P + F eta/V_Li).

    P is that of the lithium at the mouth. Where the current strips, eta < 0, lithium leaves until
    the pressure has fallen to this; below zero it would have to be pulled, and it does not pull.
    """
    driven = overpotential_to_pressure(lithium.overpotential or 0.0)
    return max(0.0, lithium.mouth_pressure + driven)


def conditions(
    block: Block | Box | Shell | Micro, mechanics: mechanics_schema.Mechanics
) -> tuple[dict[str, Traction], dict[str, Support]]:
    """Tractions and supports by face; planes of symmetry with a crack, and of shells, hold."""
    tractions: dict[str, Traction] = {}
    supports: dict[str, Support] = {}
    flaws = {flaw.name for flaw in block.flaws} if isinstance(block, Block) else set()
    if isinstance(block, Block | Box) and block.crack is not None:
        supports["bottom" if isinstance(block, Box) else block.crack.face] = Support("normal")
    if isinstance(block, Shell):
        planes = ("left", "bottom") if block.shape == "ring" else ("bottom",)
        supports = {name: Support("normal") for name in planes}
    for name, face in mechanics.faces.items():
        match face:
            case mechanics_schema.Symmetry():
                supports[name] = Support("normal")
            case mechanics_schema.Moved(normal, _, sticks) if sticks:
                supports[name] = Support("clamped", normal or 0.0)
            case mechanics_schema.Moved(normal, tangential):
                given = Support("normal", normal) if normal is not None else None
                supports[name] = given or Support("tangential", tangential or 0.0)
            case mechanics_schema.Clamped():
                supports[name] = Support("clamped")
            case mechanics_schema.Plate(pressure, stiffness):
                supports[name] = Support("plate")
                tractions[name] = Traction(pressure, spring=stiffness)
            case mechanics_schema.Traction(pressure, shear):
                tractions[name] = Traction(pressure, shear)
            case mechanics_schema.Contact():
                if name not in flaws:  # whose faces meet each other
                    supports[name] = Support("obstacle")
            case mechanics_schema.Indenter(radius, depth):
                supports[name] = Support("obstacle", depth, radius)
            case mechanics_schema.Lithium() as lithium:
                profile = _profile(block, name, lithium) if isinstance(block, Block) else None
                tractions[name] = Traction(stall_pressure(lithium), profile=profile)
            case mechanics_schema.Free():
                pass
    if isinstance(block, Box) and block.crack is not None and "crack" in tractions:
        tractions["crack"] = replace(tractions["crack"], within=block.crack.filled)
    if mechanics.stretch is not None and not isinstance(block, Shell):
        body = block.body if isinstance(block, Micro) else block
        supports["right"] = Support("normal", mechanics.stretch * body.width)
        if not isinstance(body, Block):
            supports["back"] = Support("normal", mechanics.stretch * body.depth)
    return tractions, supports
