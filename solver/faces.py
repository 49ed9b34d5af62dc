"""How unevenly the current enters the metal: statistics of its normal component on the metal.

Every number is computed twice, from the potential (-kappa grad(phi).n, or the drop at a contact
resistance) and from the admissible flux (q.n). The two fields approach the solution independently,
from its two variational principles; their difference, to both sides, is the error estimate.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import reduce
from math import inf, isfinite

import numpy as np
import numpy.typing as npt
import ufl
from dolfinx import fem
from mpi4py import MPI
from ufl.core.expr import Expr

from meshes.geometry import Cell, Cross, NoOpening, Round, Slit, TwoDiscs
from meshes.mesh import SingularEdge
from meshes.micro import Micro
from solver import compat, schema, transport
from solver.axis import corner_values
from solver.bounds import Certificate
from solver.domain import (
    Domain,
    cellwise,
    coordinates,
    facet_entities,
    facet_measure,
    node_positions,
    regions_at,
)
from solver.model import Contact, Model
from solver.quantities import Quantity, inflow, positive_terminal, through
from solver.singularity import edge_exponent

PERCENTILES = (50, 90, 99)
SHARES = tuple(1.0 - percent / 100.0 for percent in PERCENTILES)
PEAK = 1e-9  # share of the faces on which the peak is exceeded
SQUARE_INTEGRABLE = 0.501  # below, the mean square is infinite, or no mesh can show that it isn't
QUADRATURE = {"quadrature_degree": 6}
COARSE = 3.0  # percentiles: both fields share the mesh, and with it the steps of the levels
UNKNOWN = "not determined"
METAL = ("window", "film_face")
Floats = npt.NDArray[np.float64]


def half_width(case: schema.Case) -> float:
    """Half the width of a slit or gap, or the radius of a round opening, um; 0 without opening."""
    if not isinstance(case.geometry, Cell):
        return 0.0
    match case.geometry.opening:
        case Slit(width=width) | Cross(width=width):
            return 0.5 * width
        case Round(radius=radius) | TwoDiscs(radius=radius):
            return radius
        case NoOpening():
            return 0.0


def _is_two_discs(case: schema.Case) -> bool:
    """Whether the rims lie off the axis, and current is not even along them."""
    return isinstance(case.geometry, Cell) and isinstance(case.geometry.opening, TwoDiscs)


@dataclass(frozen=True)
class _View:
    """One of the two fields on the metal faces.

    Attributes:
        domain: The mesh.
        on_flux: True for the admissible flux, which lives on the coordinates of the dual.
        names: Contacts, in the order of the facet integrals.
        ds: Facet measure.
        densities: |i.n| per contact.
        weight: Area of a facet per length or area in the coordinates of the field.
        position: Physical position.
        currents: Current through every contact, pA.
    """

    domain: Domain
    on_flux: bool
    names: tuple[str, ...]
    ds: ufl.Measure
    densities: tuple[Expr, ...]
    weight: Expr | float
    position: Expr
    currents: dict[str, float]

    def assembler(self, form: ufl.Form) -> Callable[[], float]:
        """Compile a form; the result assembles it over all ranks whenever it is called."""
        compiled = fem.form(form)

        def assemble() -> float:
            with _coordinates(self.domain, self.on_flux):
                return float(self.domain.comm.allreduce(fem.assemble_scalar(compiled)))

        return assemble

    def total(self, integrand: Callable[[Expr], Expr], *names: str) -> float:
        """Integral of a function of |i.n| over the named contacts, or all."""
        return self.assembler(self.form(integrand, *names))()

    def form(self, integrand: Callable[[Expr], Expr], *names: str) -> ufl.Form:
        """The form behind `total`."""
        chosen = [i for i, name in enumerate(self.names) if name in (names or self.names)]
        return sum(
            integrand(self.densities[i]) * self.weight * self.ds(i, metadata=QUADRATURE)
            for i in chosen
        )


@contextmanager
def _coordinates(domain: Domain, dual: bool) -> Iterator[None]:
    if dual and domain.axisymmetric:
        with coordinates(domain, transport.dual_coordinates(domain)):
            yield
    else:
        yield


def _views(certificate: Certificate, contacts: tuple[Contact, ...]) -> tuple[_View, _View]:
    """The potential's and the flux's view of some contacts."""
    domain = certificate.domain
    names = tuple(contact.name for contact in contacts)
    ds = facet_measure(domain, {i: facet_entities(domain, n) for i, n in enumerate(names)})
    one = _View(
        domain,
        False,
        names,
        ds,
        tuple(_from_potential(certificate, contact) for contact in contacts),
        transport.volume_weight(domain),
        ufl.SpatialCoordinate(domain.mesh),
        {},
    )
    through = abs(transport.normal_current(certificate.flux.flux, domain))
    other = _View(
        domain,
        True,
        names,
        ds,
        (through,) * len(names),
        transport.facet_weight(domain),
        transport.physical_position(domain),
        {name: abs(certificate.flux.contact_currents[name]) for name in names},
    )
    return _with_currents(one, certificate), other


def _with_currents(view: _View, certificate: Certificate) -> _View:
    """Currents of the potential: the reactions, shared out by the smooth faces.

    The reaction at the rim belongs to two faces. The current through the faces other than the
    window is integrated, that of the window is the rest.
    """
    total = sum(abs(certificate.potentials.contact_currents[name]) for name in view.names)
    currents = {n: view.total(lambda i_n: i_n, n) for n in view.names if n != "window"}
    if "window" in view.names:
        currents["window"] = total - sum(currents.values())
    return replace(view, currents=currents)


def _from_potential(certificate: Certificate, contact: Contact) -> Expr:
    domain = certificate.domain
    label = certificate.copies.labels[regions_at(domain, contact.name)[0]]
    phi = certificate.potentials.parts[label]
    if contact.resistance > 0.0 and contact.series == 0.0:
        held = transport.held_at(contact, certificate.potentials.applied, domain)
        return abs(phi - held) / contact.resistance
    kappa = cellwise(domain, certificate.conductivity, "conductivity")
    return abs(kappa * ufl.inner(ufl.grad(phi), ufl.FacetNormal(domain.mesh)))


def _estimated(
    name: str, values: tuple[float, float], unit: str, meaning: str, safety: float = 1.0
) -> Quantity:
    middle, difference = 0.5 * (values[0] + values[1]), safety * abs(values[0] - values[1])
    bar = (middle - difference, middle + difference)
    return Quantity(name, middle, unit, *bar, "estimated", meaning)


def face_statistics(case: schema.Case, model: Model, certificate: Certificate) -> list[Quantity]:
    """How unevenly the current enters the metal at and around the opening."""
    if isinstance(case.geometry, Micro):
        return _on_microstructure(model, certificate)
    domain, built = certificate.domain, certificate.domain.built
    contacts = tuple(c for c in model.contacts if c.name in METAL)
    window = next((c for c in contacts if c.name == "window"), None)
    if window is None:
        return _inner_opening(certificate)
    views = _views(certificate, contacts)
    found: list[Quantity] = []
    if built.cell_area > 0.0 and built.open_area > 0.0:
        share = abs(certificate.flux.contact_currents["window"]) / inflow(certificate)
        whole = sum(views[0].currents.values())
        other = (
            views[0].currents["window"]
            / whole
            * sum(abs(certificate.flux.contact_currents[c.name]) for c in contacts)
            / inflow(certificate)
        )
        factor = built.cell_area / built.open_area
        text = "Mean current density in the opening over that of the cell."
        found.append(_estimated("mean_amplification", (share * factor, other * factor), "1", text))
    kappa = model.conductivity[regions_at(domain, "window")[0]]
    radius = half_width(case)
    if radius > 0.0:
        text = "Conductivity times contact resistance over the half width of the opening."
        wagner = kappa * window.resistance / radius
        found.append(Quantity("wagner_number", wagner, "1", meaning=text))
    # of the edges of the window itself: the mouth of a filled opening is another place
    edges = [edge for edge in built.singular_edges if "window" in edge.faces]
    exponent = min((edge_exponent(edge, model, "window") for edge in edges), default=inf)
    if isfinite(exponent):
        text = "The current goes as (distance from the edge of the opening)^this."
        shown = min(exponent - 1.0, 0.0)
        found.append(Quantity("edge_exponent", shown, "1", meaning=text))
    # of a mesh from a file the angles at its edges are not known
    finite = exponent if isinstance(case.geometry, Cell) else None
    found += _moments(views, finite)
    if exponent < 1.0 and radius > 0.0 and not _is_two_discs(case):
        found += _intensity(views[1], exponent, radius)
    if window.resistance > 0.0 and domain.mesh.topology.dim == 2 and radius > 0.0:
        found += _edge_and_centre(certificate, window, views, radius)
    return found


def _on_microstructure(model: Model, certificate: Certificate) -> list[Quantity]:
    """Spread of the current over all faces of the electrode, not of the counter electrode."""
    if certificate.driven < 0:
        return []
    counter = positive_terminal(model)
    contacts = tuple(c for c in model.contacts if c.terminal != counter)
    views = _views(certificate, contacts)
    area = certificate.domain.built.cell_area
    found: list[Quantity] = []
    if area > 0.0:
        inside = certificate.domain.built.multiplicity
        factors = tuple(
            sum(view.currents.values()) / inflow(certificate) * area / (inside * _area(view))
            for view in views
        )
        text = "Mean current density on the faces of the electrode over that of the cell."
        found.append(_estimated("mean_amplification", (factors[0], factors[1]), "1", text))
    found += _percentiles([_levels(view, SHARES) for view in views])
    if contacts and min(contact.resistance for contact in contacts) > 0.0:
        peaks = [_levels(view, (PEAK,))[0] for view in views]
        text = "Largest current density on the faces of the electrode over the mean there."
        found.append(_estimated("peak_amplification", (peaks[0], peaks[1]), "1", text))
    return found


def _percentiles(levels: list[list[float]]) -> list[Quantity]:
    """Percentiles from the levels of both fields."""
    found = []
    for k, percent in enumerate(PERCENTILES):
        text = f"Current density over its mean, not exceeded on {percent} % of the metal faces."
        pair = (levels[0][k], levels[1][k])
        found.append(_estimated(f"percentile_{percent}", pair, "1", text, COARSE))
    return found


def _inner_opening(certificate: Certificate) -> list[Quantity]:
    """Mean amplification in an opening that leads from one bulk to another."""
    built = certificate.domain.built
    names = [n for n in built.interfaces if n == "window" or n.startswith("filling|")]
    if not names or not (built.cell_area > 0.0 and built.open_area > 0.0):
        return []
    share = abs(through(certificate.domain, certificate, names[0])) / inflow(certificate)
    text = "Mean current density in the opening over that of the cell."
    mean = share * built.cell_area / built.open_area
    return [Quantity("mean_amplification", mean, "1", bound="estimated", meaning=text)]


def _moments(views: tuple[_View, _View], exponent: float | None) -> list[Quantity]:
    """Mean square, percentiles and peak, where they are finite; None: not known whether."""
    found: list[Quantity] = []
    means = tuple(_mean(view, "window") for view in views)
    text = "Root mean square of the current density in the opening over its mean."
    if exponent is None:
        found.append(Quantity("rms_factor", UNKNOWN, "1", meaning=text))
    elif exponent > SQUARE_INTEGRABLE:
        squares = [
            view.total(lambda i_n: i_n**2, "window") / _area(view, "window") for view in views
        ]
        # it is never below 1: what integrals of two fields say less is their error
        rms = [max(1.0, square**0.5 / mean) for square, mean in zip(squares, means, strict=True)]
        found.append(_estimated("rms_factor", (rms[0], rms[1]), "1", text))
    else:
        found.append(Quantity("rms_factor", "unbounded", "1", meaning=text))
    levels = [_levels(view, (*SHARES, PEAK)) for view in views]
    found += _percentiles(levels)
    text = "Largest current density in the opening over the mean there."
    if exponent is None:
        found.append(Quantity("peak_amplification", UNKNOWN, "1", meaning=text))
    elif exponent >= 1.0:
        overall = tuple(_mean(view) for view in views)
        peak = tuple(levels[i][-1] * overall[i] / means[i] for i in (0, 1))
        found.append(_estimated("peak_amplification", (peak[0], peak[1]), "1", text))
    else:
        found.append(Quantity("peak_amplification", "unbounded", "1", meaning=text))
    return found


def _area(view: _View, *names: str) -> float:
    one = fem.Constant(view.domain.mesh, np.float64(1.0))
    return view.total(lambda _: one, *names)


def _mean(view: _View, *names: str) -> float:
    return sum(view.currents[name] for name in names or view.names) / _area(view, *names)


def _levels(view: _View, shares: tuple[float, ...]) -> list[float]:
    """Current densities over their mean that are exceeded on these shares of the faces.

    Bisection of the area on which a level is exceeded: no field is gathered or sorted.
    """
    level = fem.Constant(view.domain.mesh, np.float64(0.0))
    above = view.assembler(view.form(lambda i_n: ufl.conditional(ufl.gt(i_n, level), 1.0, 0.0)))
    area, mean = _area(view), _mean(view)

    def exceeded(value: float) -> float:
        level.value = value
        return above() / area

    found = []
    for share in shares:
        low, high = 0.0, mean
        while exceeded(high) > share and high < 1e12 * mean:
            high *= 2.0
        for _ in range(40):
            middle = 0.5 * (low + high)
            low, high = (middle, high) if exceeded(middle) > share else (low, middle)
        found.append(high / mean)
    return found


def _distance(x: Expr, edge: SingularEdge, radius: float) -> Expr:
    """Distance of a point of the window to one of its edges."""
    match edge.kind:
        case "point":
            return ufl.sqrt(sum((x[i] - edge.points[0][i]) ** 2 for i in range(2)))
        case "arc":
            return abs(ufl.sqrt(x[0] ** 2 + x[1] ** 2) - radius)
        case "line":
            start, end = (np.array(point) for point in edge.points)
            along = (end - start) / float((end - start) @ (end - start))
            share = sum((x[i] - start[i]) * along[i] for i in range(3))
            share = ufl.max_value(0.0, ufl.min_value(1.0, share))
            foot = [start[i] + share * (end - start)[i] for i in range(3)]
            return ufl.sqrt(sum((x[i] - foot[i]) ** 2 for i in range(3)))


def _intensity(view: _View, exponent: float, radius: float) -> list[Quantity]:
    """K in i/mean = K r^(lambda-1) at the rim, extrapolated from two tent-shaped averages.

    int K r^(lambda-1) (1 - r/d) dr over 0..d is K d^lambda/(lambda (lambda+1)). From the flux
    alone: its integrals over the singular cells are right, those of grad(phi) far too small. The
    error estimate is what the extrapolation to d = 0 has changed. In 3D K is a mean along the rim.
    """
    domain = view.domain
    edges = [edge for edge in domain.built.singular_edges if "window" in edge.faces]
    if not edges:
        return []
    length = sum(edge.length for edge in edges)
    distances = [_distance(view.position, edge, radius) for edge in edges]
    distance = reduce(ufl.min_value, distances)
    width = fem.Constant(domain.mesh, np.float64(radius))
    tent = ufl.max_value(1.0 - distance / width, 0.0)
    total = view.assembler(view.form(lambda i_n: i_n * tent, "window"))
    values = []
    for d in (0.1 * radius, 0.2 * radius):
        width.value = d
        values.append(total() * exponent * (exponent + 1.0) / d**exponent / length)
    mean = _mean(view, "window")
    value = (2.0 * values[0] - values[1]) / mean
    bar = abs(values[0] / mean - value)
    text = "K in (current density)/(mean in the opening) = K (distance)^edge_exponent at its edge."
    unit = f"um^{1.0 - exponent:.6g}"
    return [Quantity("edge_intensity", value, unit, value - bar, value + bar, "estimated", text)]


def _edge_and_centre(
    certificate: Certificate, window: Contact, views: tuple[_View, _View], radius: float
) -> list[Quantity]:
    """Current density at the centre and at the edge of a contact with resistance."""
    domain = certificate.domain
    edge = next((e for e in domain.built.singular_edges if "window" in e.faces), None)
    height = edge.points[0][1] if edge is not None else 0.0
    label = certificate.copies.labels[regions_at(domain, window.name)[0]]
    phi = certificate.potentials.parts[label]
    held = float(certificate.potentials.applied[window.terminal])
    potential_nodes = phi.function_space.tabulate_dof_coordinates()
    cells = np.unique(facet_entities(domain, window.name)[:, 0])
    points = node_positions(domain.mesh)
    corners = points[compat.node_numbers(domain.mesh)[cells]].reshape(-1, 3)
    with _coordinates(domain, dual=True):
        flux = corner_values(certificate.flux.flux).reshape(-1, 3, 2)[cells].reshape(-1, 2)
    found = []
    for name, place in (("current_centre", 0.0), ("current_edge", radius)):
        currents = np.abs(phi.x.array - held) / window.resistance
        first = _nearest(domain, potential_nodes, currents, place, height) / _mean(
            views[0], "window"
        )
        second = _nearest(domain, corners, np.abs(flux[:, 1]), place, height) / _mean(
            views[1], "window"
        )
        text = "Current density there over the mean in the opening."
        found.append(_estimated(name, (first, second), "1", text))
    return found


def _nearest(domain: Domain, nodes: Floats, values: Floats, place: float, height: float) -> float:
    """Mean of the values at the nodes that lie nearest to (place, height), over all ranks."""
    distance = np.hypot(nodes[:, 0] - place, nodes[:, 1] - height)
    nearest = domain.comm.allreduce(float(distance.min(initial=inf)), op=MPI.MIN)
    here = distance <= nearest + 1e-12 * max(place, nearest, 1e-30)
    total = domain.comm.allreduce(float(values[: len(here)][here].sum()))
    count = domain.comm.allreduce(int(here.sum()))
    return float(total / count)
