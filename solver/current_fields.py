"""Potential and current density as functions to be written."""

import numpy as np
from dolfinx import fem

from solver import compat, quantities, transport
from solver.bounds import Certificate, external_resistance
from solver.domain import cellwise, region_of_cells
from solver.model import Model
from solver.simulate import Solution
from solver.units import in_unit


def output_functions(solution: Solution) -> tuple[dict[str, fem.Function], dict[str, fem.Function]]:
    """Potential (V) and current density (mA/cm^2) in discontinuous P2; region and gap per cell."""
    certificate, model, built = solution.certificate, solution.model, solution.built
    if certificate is None or model is None or built is None:
        raise ValueError("a case without mesh has no fields")
    domain = certificate.domain
    ground, difference = _levels(model, certificate)
    gdim = domain.mesh.geometry.dim
    potential = fem.Function(fem.functionspace(domain.mesh, ("DG", 2)), name="potential")
    current = fem.Function(fem.functionspace(domain.mesh, ("DG", 2, (gdim,))), name="current")
    regions = region_of_cells(domain)
    kappa = cellwise(domain, certificate.conductivity, "conductivity")
    scale = in_unit(1.0, "mA/cm^2")
    for label, part in enumerate(certificate.potentials.parts):
        tags = [built.regions[n] for n, v in certificate.copies.labels.items() if v == label]
        cells = np.flatnonzero(np.isin(regions, tags)).astype(np.int32)
        potential.interpolate(part, cells0=cells)
        flow = difference * scale * transport.current_density(part, kappa)
        points = compat.interpolation_points(current.function_space)
        current.interpolate(fem.Expression(flow, points), cells0=cells)
    potential.x.array[:] = ground + difference * potential.x.array
    constants = fem.functionspace(domain.mesh, ("DG", 0))
    region = fem.Function(constants, name="region")
    region.x.array[: len(regions)] = regions
    return (
        {"potential": potential, "current": current},
        {"region": region, "indicator": certificate.indicator},
    )


def _levels(model: Model, certificate: Certificate) -> tuple[float, float]:
    """Potential (V) of the meshed part: ground + difference times the computed one."""
    if certificate.driven < 0:
        return 0.0, 1.0
    resistance = 0.5 * (certificate.lower + certificate.upper)
    total, whole = quantities.drive(model, certificate.driven, resistance)
    one, other = model.terminals[certificate.driven], model.terminals[1 - certificate.driven]
    ground = other.potential if other.potential is not None else (one.potential or 0.0) - whole
    # behind the ends of the mesh goes what is not meshed, in series
    here = total / certificate.domain.built.multiplicity
    difference = here / certificate.potentials.dissipation
    outside = external_resistance(certificate.domain, model, 1 - certificate.driven)
    behind = external_resistance(certificate.domain, model, certificate.driven)
    if outside > 0.0 and behind == 0.0:  # the driven electrode keeps its own potential exactly
        return ground + whole - difference, difference
    return ground + here * outside, difference
