"""What is told of lithium that grows at faces: thickness, its balance with charge, pressure.

The balance compares the deposit on all faces of the driven terminal, and that on all others, with
the charge that has passed: both are integrals of the same currents. It is told where every face of
a side is followed and no double layer keeps charge.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import ufl
from dolfinx import fem
from mpi4py import MPI

from meshes.geometry import Cell, NoOpening
from solver.carrier_system import System
from solver.deposit import SMALL, charge_per_volume, start_of
from solver.kinetics import transfer_resistance
from solver.march import meshes_left
from solver.march_states import Marched
from solver.quantities import Quantity
from solver.schema import Electrode
from solver.transport import volume_weight
from solver.units import in_unit

MOST_JUMP = 1e-4  # that a new mesh may make without a word
NOISE = 1e-4  # of its growth: by how much that of a face that stays flat may differ without a word


@dataclass(frozen=True)
class Face:
    """Growth of one face at the end, um; charge in its deposit, pC; pressure on it, MPa."""

    mean: float
    least: float
    most: float
    charge: float
    uneven: float
    pressure: tuple[float, float] | None


def faces_of(system: System, found: Marched) -> dict[str, Face]:
    """Every face that is followed, at the end of a march."""
    if found.x is None:
        return {}
    system.put(found.x)
    return {name: _face(system, name) for name in system.growing}


def _parts(system: System, name: str) -> list[tuple[ufl.core.expr.Expr, ufl.Measure]]:
    """Weight per area of the mesh, and measure, of the parts of a face; areas are of the start."""
    weight = volume_weight(system.domain)
    ways = [way for (face, _), found in system.ways.items() if face == name for way in found]
    return [(weight * way.foot, system.ds(number)) for number, way in ways]


def _face(system: System, name: str) -> Face:
    law, field = system.platings[name], system.growing[name]
    start = start_of(field.value, law)
    grown = field.value.x.array[field.nodes] - start.x.array[field.nodes]
    parts = _parts(system, name)

    def mean(function: ufl.core.expr.Expr) -> float:
        whole = fem.assemble_scalar(fem.form(sum(foot * function * ds for foot, ds in parts)))
        return float(system.comm.allreduce(whole)) / system.foot[name]

    average = mean(field.value - start)
    low = float(system.comm.allreduce(float(grown.min(initial=np.inf)), op=MPI.MIN))
    high = float(system.comm.allreduce(float(grown.max(initial=-np.inf)), op=MPI.MAX))
    pressure = None
    if law.backing is not None:
        unit, there = law.backing.electrolyte_modulus, system.further[f"p_{name}"]
        nodal = there.value.x.array[there.nodes]
        most = float(system.comm.allreduce(float(nodal.max(initial=-np.inf)), op=MPI.MAX))
        pressure = (unit * mean(there.value), unit * most)
    charge = charge_per_volume(law) * average * system.foot[name]
    flat = law.wavelength > 0.0 or law.backing is not None or _is_flat_cell(system)
    uneven = max(high - average, average - low) if flat else max(abs(high), abs(low))
    return Face(average, low, high, charge, uneven, pressure)


def _is_flat_cell(system: System) -> bool:
    """Whether growth that is even leaves the cell as it is: parallel faces of one area."""
    areas = [system.foot.get(name, area) for name, area in system.area.items()]
    level = system.domain.built.cell_area / system.domain.built.multiplicity
    return all(abs(area / level - 1.0) < 1e-9 for area in areas)


def deposit_quantities(system: System, found: Marched) -> Iterator[Quantity]:
    """Growth of every face that is followed."""
    faces = faces_of(system, found)
    for name, face in faces.items():
        text = "Mean thickness that lithium has grown by (stripped: below zero)."
        yield Quantity(f"growth.{name}", face.mean, "um", meaning=text)
        yield Quantity(
            f"growth_max.{name}", face.most, "um", meaning="The most of any place of the face."
        )
        yield Quantity(
            f"growth_min.{name}", face.least, "um", meaning="The least of any place of the face."
        )
        if face.mean != 0.0:
            text = "The most over the mean: 1 where lithium grows evenly."
            far = face.most if face.mean > 0.0 else face.least
            yield Quantity(f"growth_over_mean.{name}", far / face.mean, "1", meaning=text)
        feature = system.platings[name].feature or system.room[name]
        text = (
            "Growth (of flat faces, its unevenness) over the feature that it must be small against."
        )
        yield Quantity(f"growth_over_feature.{name}", face.uneven / feature, "1", meaning=text)
        yield from _wave(system, name, found)
        if face.pressure is not None:
            mean, most = face.pressure
            text = "Mean pressure that growth makes on the face."
            yield Quantity(f"face_pressure.{name}", mean, "MPa", meaning=text)
            text = "The largest pressure on the face."
            yield Quantity(f"face_pressure_max.{name}", most, "MPa", meaning=text)
            passed = in_unit(face.charge / _area(system), "mAh/cm^2")
            if abs(passed) > 0.0:
                text = "Mean pressure on the face per capacity that was plated."
                per = mean / passed
                yield Quantity(f"pressure_per_capacity.{name}", per, "MPa cm^2/mAh", meaning=text)
    if faces:
        total = sum(face.mean * system.foot[name] for name, face in faces.items())
        text = "Growth of the stack: of all faces that are followed, over the area of the cell."
        yield Quantity("stack_growth", total / _area(system), "um", meaning=text)
        balance = growth_balance(system, found, faces)
        if balance is not None:
            text = "Charge in the deposit minus charge that passed, over all charge that moved."
            yield Quantity("growth_balance", balance, "1", meaning=text)


def _area(system: System) -> float:
    built = system.domain.built
    return built.cell_area / built.multiplicity


def _wave(system: System, name: str, found: Marched) -> Iterator[Quantity]:
    """How fast the height of the start grows, from its Fourier component."""
    law, field = system.platings[name], system.growing[name]
    last = found.moments[-1].time
    if law.wavelength <= 0.0 or last <= 0.0:
        return
    shape = start_of(field.value, law)
    forms = [
        fem.form(sum(foot * f * shape * ds for foot, ds in _parts(system, name)))
        for f in (field.value, shape)
    ]
    now, then = (float(system.comm.allreduce(fem.assemble_scalar(form))) for form in forms)
    if now > 0.0:
        text = "Rate ln(A/A0)/t of the cosine that the face had at the start."
        yield Quantity(f"growth_rate.{name}", np.log(now / then) / last, "s^-1", meaning=text)


def growth_balance(system: System, found: Marched, faces: dict[str, Face]) -> float | None:
    """Largest difference of deposit and charge over the charge that moved; None: not followed."""
    if system.has_double_layer:
        return None
    passed = found.moments[-1].charge
    moved = sum(
        abs(b.charge - a.charge) for a, b in zip(found.moments, found.moments[1:], strict=False)
    )
    off: list[float] = []
    for driven, sign in ((True, 1.0), (False, -1.0)):
        names = [c.name for c in system.model.contacts if (c.terminal == system.driven) == driven]
        if all(name in faces for name in names):
            off.append(abs(sum(faces[name].charge for name in names) + sign * passed))
    return max(off) / moved if off and moved > 0.0 else None


def warnings(system: System, found: Marched) -> tuple[str, ...]:
    """Where growth is no longer small against the features of a fixed geometry."""
    said = []
    for name, face in faces_of(system, found).items():
        law = system.platings[name]
        feature = law.feature or system.room[name]
        if not law.moves and face.uneven > SMALL * feature:
            said.append(
                f"Warning: {name} has grown by {face.uneven:.4g} um, more than a tenth of "
                f"{feature:.4g} um, its feature: with the geometry of the start the distribution "
                "is that of the first deposit. boundaries."
                f"{name}.plating.moves = true follows the face."
            )
    return tuple(said)


def noise_warnings(system: System, found: Marched) -> tuple[str, ...]:
    """Where waves of the mesh grow on faces that move: nothing stabilises them, or too little."""
    if system.case.mechanics is not None:
        return ()
    said = []
    cell = system.case.geometry
    even = isinstance(cell, Cell) and isinstance(cell.opening, NoOpening)
    for index, name in enumerate(system.growing):
        law = system.platings[name]
        grown = [moment.growth[index] for moment in found.moments]
        if not law.moves or law.backing is not None or law.surface_tension > 0.0:
            continue
        bare = _resistance(system, name) == 0.0
        if law.wavelength > 0.0 or not even:
            if bare and max(high for _, _, high in grown) > 0.0:
                said.append(
                    f"Warning: nothing stabilises short waves on {name}, a face that moves without "
                    "resistance, stress and surface tension: growth by h makes waves of the length "
                    "L exp(2 pi h/L) times as high. Those of the mesh grow fastest; where h is "
                    "several elements, they are noise."
                )
            continue
        least = NOISE * max(abs(mean) for mean, _, _ in grown)
        rough = [high - low > least and mean > 0.0 for mean, low, high in grown]
        if True not in rough:
            continue
        since = found.moments[rough.index(True)].time
        mean, low, high = grown[-1]
        why = (
            "neither resistance nor stress nor surface tension stabilises it"
            if bare
            else "its resistance slows that and does not stop it"
        )
        said.append(
            f"Warning: {name} is flat at the start and should grow evenly, but from {since:.4g} s "
            f"on it does not (at last by {low:.4g} to {high:.4g} um, {mean:.4g} um in the mean). A "
            "face that is plated is unstable: growth by h makes waves of the length L up to "
            f"exp(2 pi h/L) times as high, and {why}. The shortest waves grow fastest, so their "
            "length is that of the mesh and their start is rounding: these shapes mean nothing, "
            "nor do numbers from then on. area_specific_resistance, kinetics, backing or "
            "surface_tension of the face say what a real one has."
        )
    return tuple(said)


def _resistance(system: System, name: str) -> float:
    """Of film and reaction of a face, V um^2/pA."""
    contact = next(contact for contact in system.model.contacts if contact.name == name)
    condition = system.case.boundaries[name]
    law = condition.kinetics if isinstance(condition, Electrode) else None
    return contact.resistance + transfer_resistance(law, system.programme.temperature)


def meshes_warnings(system: System, found: Marched) -> tuple[str, ...]:
    """Where a march has ended since it may not make another mesh."""
    ended = found.ends[-1]
    if ended.reason != "distorted" or not found.remeshings:
        return ()
    if meshes_left(found, system.programme, ended.first) > 0:
        return ()
    most = system.programme.most_remeshings
    return (
        f"Warning: the march ended at t = {ended.time:.6g} s with cells that are too flat: "
        f"programme.most_remeshings allows {most} new mesh{'' if most == 1 else 'es'} in one step.",
    )


def jump_warnings(found: Marched) -> tuple[str, ...]:
    """Where new meshes have changed more than they should."""
    worst = max((made.jump for made in found.remeshings), default=0.0)
    if worst <= MOST_JUMP:
        return ()
    return (
        f"Warning: a new mesh has changed volume, deposit or voltage by {worst:.2e} "
        f"(remeshing_jump), more than {MOST_JUMP:g}: it falls as the square of "
        "numerics.maximum_size.",
    )
