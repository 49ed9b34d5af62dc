"""What is told of alloys and mixed conductors.

The balance compares the lithium of the alloys of every electrode with the charge that has passed
through it. It is told where no double layer keeps charge, for cells of two electrodes.
"""

from collections.abc import Iterator

import numpy as np
import ufl
from dolfinx import fem
from mpi4py import MPI

from solver import alloy, compat
from solver.carrier_system import System
from solver.domain import facet_measure
from solver.march_states import Marched
from solver.mixed_conductor import source_of
from solver.quantities import Quantity
from solver.salt import integral
from solver.transport import volume_weight
from solver.units import in_unit

STILL = 1e-12  # of the capacity of the alloys: less charge is none


def region_quantities(system: System, found: Marched) -> Iterator[Quantity]:
    """Numbers at the end of a march or of its steady state."""
    if found.x is None:
        return
    system.put(found.x)
    yield from _of_alloys(system, found)
    yield from _of_mixed(system)


def _of_alloys(system: System, found: Marched) -> Iterator[Quantity]:
    last = found.moments[-1]
    for (name, law), numbers in zip(system.alloys.items(), last.fractions, strict=True):
        mean, low, high = numbers
        text = "Share of the sites that lithium has, in the mean, at the end."
        yield Quantity(f"mean_fraction.{name}", mean, "1", meaning=text)
        text = "The least of any point, at the end."
        yield Quantity(f"least_fraction.{name}", low, "1", meaning=text)
        text = "The largest of any point, at the end."
        yield Quantity(f"largest_fraction.{name}", high, "1", meaning=text)
        if law.partial_molar_volume > 0.0:
            strain = alloy.composition_strain(law, mean)
            text = "Linear strain by composition in the mean, against the start (Vegard)."
            yield Quantity(f"composition_strain.{name}", strain, "1", meaning=text)
        if law.held is not None:
            ends = [alloy.composition_strain(law, x) for x in (low, high)]
            stress = alloy.stress_over_strain(law) * max(ends, key=abs)
            text = "The largest stress in the plane that composition makes, tension positive."
            yield Quantity(f"composition_stress.{name}", stress, "MPa", meaning=text)
    for contact in system.model.contacts:
        if contact.alloy:
            text = "Share of the sites that lithium has, in the mean over the face, at the end."
            value = _at_face(system, contact.name)
            yield Quantity(f"fraction_at_face.{contact.name}", value, "1", meaning=text)
    if found.ends[-1].reason == "full":
        text = "Time at which the face of an alloy has no free site left."
        yield Quantity("filling_time", last.time, "s", meaning=text)
    balance = lithium_balance(system, found)
    if balance is not None:
        text = (
            "Largest difference on the way of the lithium in alloys and the charge that passed, "
            "over all charge that moved (without any: over the lithium at the start)."
        )
        yield Quantity("lithium_balance", balance, "1", meaning=text)


def _at_face(system: System, name: str) -> float:
    (contact,) = (c for c in system.model.contacts if c.name == name)
    measure = facet_measure(system.domain, {0: system.face_pairs(contact)})
    form = volume_weight(system.domain) * system.stored[0].value * measure(0)
    return integral(system.domain, form) / system.area[name]


def lithium_balance(system: System, found: Marched) -> float | None:
    """See the module; None: not told."""
    contacts = system.model.contacts
    if not system.alloys or system.has_double_layer or len(contacts) != 2:
        return None
    names = list(system.alloys)
    passed = np.array([moment.charge for moment in found.moments])
    moved = float(np.abs(np.diff(passed)).sum())
    worst = 0.0
    for contact in contacts:
        regions = [system.alloy_regions[name] for name in contact.alloys]
        if not regions:
            continue
        sign = 1.0 if contact.terminal == system.driven else -1.0
        held = np.array(
            [
                sum(r.capacity * m.fractions[names.index(n)][0]
                    for n, r in zip(contact.alloys, regions, strict=True))
                for m in found.moments
            ]
        )  # fmt: skip
        sites = sum(region.capacity for region in regions)
        off = float(np.abs(held - held[0] + sign * (passed - passed[0])).max())
        worst = max(worst, off / (moved if moved > STILL * sites else float(held[0])))
    return worst


def _of_mixed(system: System) -> Iterator[Quantity]:
    """How evenly ions and electrons meet."""
    if not system.mixed:
        return
    (field,) = system.inner
    domain, msh = system.domain, system.domain.mesh
    thermal = fem.Constant(msh, np.float64(system.thermal))
    dx = ufl.Measure("dx", domain=msh, subdomain_data=domain.cell_tags)
    weight = volume_weight(domain)
    one = fem.Constant(msh, np.float64(1.0))
    space = fem.functionspace(msh, ("DG", 2))
    points = compat.interpolation_points(space)
    for name, law in system.mixed.items():
        tag = domain.built.regions[name]
        _, source = source_of(law, field.value, field.rate, thermal)
        volume = integral(domain, weight * one * dx(tag))
        total = integral(domain, weight * source * dx(tag))
        share = total * domain.built.multiplicity / domain.built.cell_area
        text = "Current from electrons to ions within the region, over the area of the cell."
        density = in_unit(share, "mA/cm^2")
        yield Quantity(f"reaction_current_density.{name}", density, "mA/cm^2", meaning=text)
        if abs(total) <= 1e-12 * system.scale:
            continue
        there = fem.Function(space)
        there.interpolate(fem.Expression(source, points))
        cells = domain.cell_tags.find(tag)
        values = there.x.array[space.dofmap.list[cells].ravel()] * volume / total
        low = system.comm.allreduce(float(values.min(initial=np.inf)), op=MPI.MIN)
        high = system.comm.allreduce(float(values.max(initial=-np.inf)), op=MPI.MAX)
        text = "The most of the reaction at any point over its mean in the region."
        yield Quantity(f"reaction_over_mean.{name}", float(high), "1", meaning=text)
        text = "The least of the reaction at any point over its mean in the region."
        yield Quantity(f"least_reaction_over_mean.{name}", float(low), "1", meaning=text)
