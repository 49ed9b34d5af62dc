"""Steady ion conduction: the equation and its two variational principles.

    i = -kappa grad(phi),  div(i) = 0                                   in every region
    i.n = (phi - E)/rho    on a contact of area-specific resistance rho (phi = E where rho = 0),
                           E + V_Li p/F in the place of E where its lithium is under a pressure p
    i.n = 0                on insulated boundaries and on planes of symmetry
    phi^- - phi^+ = rho i.n, i.n continuous, n from - to +              on a resistive interface
    phi -> 0, i radial at infinity                                      behind a half-space boundary

phi potential (V), i current density (pA/um^2), kappa ionic conductivity (pA/(V um)), rho
area-specific resistance (V um^2/pA); n is the outward normal, so i.n > 0 leaves the domain.

Primal (Dirichlet) principle. Every v with the electrode potentials, for unit potential difference:

    G <= int kappa |grad v|^2 + int_contacts (E - v)^2/rho + int_jumps [v]^2/rho + far(v)

Dual (Thomson) principle. Every q with div q = 0, q.n = 0 on insulated faces, and total current I:

    R <= { int |q|^2/kappa + int_contacts rho (q.n)^2 + int_jumps rho (q.n)^2 + far(q) } / I^2

Behind a half-space boundary both are continued by hand. Along the ray through x, with e = x/|x|,
the dual continues radially, q = f(e) e/|x|^2, which is divergence-free for every f; the primal as
v = w(e)/|x|. With the integrals of 1/kappa and kappa over |x|^-2 along the ray (layers z_j):

    far(q) = int (q.n)^2 |x|^2/(e.n) int_|x|^inf ds/(kappa s^2)
    far(v) = int (w^2 + |grad_e w|^2) (e.n)/|x|^2 int_|x|^inf kappa ds/s^2,    w = |x| v

Axisymmetric cases integrate over 2 pi r dr dz. Their dual lives in the plane (s, z), s = r^2/2,
with Q = (r q_r, q_z): div q = dQ_s/ds + dQ_z/dz, |q|^2 r dr dz = (Q_s^2/(2 s) + Q_z^2) ds dz.

Source: Prager & Synge 1947, Q. Appl. Math. 5, 241 (the hypercircle); the far terms are elementary.
"""

from math import pi

import numpy as np
import numpy.typing as npt
import ufl
from dolfinx import fem
from ufl.core.expr import Expr

from solver.domain import Domain, cellwise, node_positions
from solver.model import Contact, Model
from solver.schema import WallShift

Floats = npt.NDArray[np.float64]
FAR_QUADRATURE = 12  # the far terms of the primal are smooth but not polynomial
SHIFT_QUADRATURE = 12  # the shift of a potential has a kink


def volume_weight(domain: Domain) -> Expr | float:
    """Weight of cells and facets: 2 pi r if axisymmetric, else 1."""
    if domain.axisymmetric:
        return 2.0 * pi * ufl.SpatialCoordinate(domain.mesh)[0]
    return 1.0


def conduction(u: Expr, v: Expr, kappa: Expr, weight: Expr | float) -> Expr:
    """int kappa grad(u).grad(v), density per cell."""
    return weight * kappa * ufl.inner(ufl.grad(u), ufl.grad(v))


def contact(u: Expr, v: Expr, rho: Expr | float, weight: Expr | float) -> Expr:
    """int u v/rho, density per facet of a contact or of one side of an interface."""
    return weight / rho * u * v


def held_at(contact: Contact, applied: Floats, domain: Domain) -> Expr:
    """Potential of the lithium along a contact, V, for those of the terminals."""
    held = constant(float(applied[contact.terminal]), domain)
    return held if contact.shift is None else held + shift_along(contact.shift, domain)


def rule(contact: Contact) -> dict[str, int]:
    """Quadrature of what holds the potential of a contact.

    With one rule in both principles, exact for what else is in them, the difference of the two
    remains a sum of squares, so that the bounds keep their order.
    """
    return {} if contact.shift is None else {"quadrature_degree": SHIFT_QUADRATURE}


def shift_along(shift: WallShift, domain: Domain) -> Expr:
    """What the pressure adds to the potential of lithium, V."""
    along = ufl.SpatialCoordinate(domain.mesh)[domain.mesh.geometry.dim - 1]
    mouth, slope, most = (constant(v, domain) for v in (shift.mouth, shift.slope, shift.most))
    return ufl.min_value(most, slope * (mouth - along))


def constant(rho: float, domain: Domain) -> fem.Constant:
    """A number whose value is no part of the compiled form."""
    return fem.Constant(domain.mesh, np.float64(rho))


def far_primal(u: Expr, v: Expr, domain: Domain, model: Model) -> Expr:
    """Energy outside a half-space boundary of potentials continued as w(e)/|x|."""
    x = ufl.SpatialCoordinate(domain.mesh)
    n = ufl.FacetNormal(domain.mesh)
    distance = ufl.sqrt(ufl.inner(x, x))
    e = x / distance
    eta = _ray_integral(domain, model, inverse=False)

    def gradient(f: Expr) -> Expr:
        """Gradient of w continued without change along the rays."""
        g = ufl.grad(f * distance)
        tangential = g - ufl.inner(g, n) * n
        return tangential - ufl.inner(tangential, e) / ufl.inner(e, n) * n

    product = distance**2 * (u * v + ufl.inner(gradient(u), gradient(v)))
    return volume_weight(domain) * product * eta / distance * ufl.inner(e, n) / distance**2


def far_dual_weight(domain: Domain, model: Model) -> Expr:
    """Area-specific resistance (V um^2/pA) of the outside for radial currents.

    Polynomial on the faces of a box around the origin, hence integrated exactly. In the plane
    (s, z) of the axisymmetric dual x is mapped back to r first.
    """
    x = physical_position(domain)
    xi = _ray_integral(domain, model, inverse=True)
    n = ufl.FacetNormal(domain.mesh)  # faces of the box keep their normals in the plane (s, z)
    return ufl.inner(x, x) * xi / ufl.inner(x, n)


def physical_position(domain: Domain) -> Expr:
    """Position (r, z) on the (s, z) plane if axisymmetric, else the position itself."""
    x = ufl.SpatialCoordinate(domain.mesh)
    if domain.axisymmetric:
        return ufl.as_vector((ufl.sqrt(2.0 * x[0]), x[1]))
    return x


def _ray_integral(domain: Domain, model: Model, *, inverse: bool) -> Expr:
    """|x| times the integral of kappa^(+-1) s^-2 along the ray from x to infinity.

    A ray that starts at height z in layer j leaves it at |x| z_j/z, so that the integral is linear
    in z within every layer: kappa_j (1 - z/z_j) + sum over the layers above.
    """
    heights = [height for _, height, _ in model.far_layers]
    values = [1.0 / k if inverse else k for _, _, k in model.far_layers]
    constant = dict.fromkeys(domain.built.regions, 0.0)
    slope = dict.fromkeys(domain.built.regions, 0.0)
    for j, (name, _, _) in enumerate(model.far_layers):
        constant[name] = values[j]
        slope[name] = -values[j] / heights[j]
        for i in range(j + 1, len(heights)):
            slope[name] += values[i] * (1.0 / heights[i - 1] - 1.0 / heights[i])
    z = ufl.SpatialCoordinate(domain.mesh)[domain.mesh.geometry.dim - 1]
    return cellwise(domain, constant, "far_constant") + cellwise(domain, slope, "far_slope") * z


def dissipation(q: Expr, v: Expr, kappa: Expr, domain: Domain) -> Expr:
    """int q.v/kappa, density per cell of the dual (in the plane (s, z) if axisymmetric)."""
    if domain.axisymmetric:
        s = ufl.SpatialCoordinate(domain.mesh)[0]
        return 2.0 * pi / kappa * (q[0] * v[0] / (2.0 * s) + q[1] * v[1])
    return ufl.inner(q, v) / kappa


def normal_current(q: Expr, domain: Domain) -> Expr:
    """q.n in pA/um^2 on a facet of the dual."""
    return ufl.inner(q, ufl.FacetNormal(domain.mesh)) / _stretch(domain)


def facet_weight(domain: Domain) -> Expr | float:
    """Physical area of a facet of the dual per length (3D: area) in its coordinates."""
    return (2.0 * pi if domain.axisymmetric else 1.0) * _stretch(domain)


def _stretch(domain: Domain) -> Expr | float:
    """r dL/dl: an upright facet of the plane (s, z) has the width 2 pi r, a flat one 2 pi ds."""
    if domain.axisymmetric:
        n = ufl.FacetNormal(domain.mesh)
        return ufl.sqrt(2.0 * ufl.SpatialCoordinate(domain.mesh)[0] * n[0] ** 2 + n[1] ** 2)
    return 1.0


def facet_dissipation(q: Expr, v: Expr, rho: Expr | float, domain: Domain) -> Expr:
    """int rho (q.n)(v.n), density per facet of the dual."""
    return facet_weight(domain) * rho * normal_current(q, domain) * normal_current(v, domain)


def total_flux(v: Expr, domain: Domain) -> Expr:
    """int v.n, density per facet of the dual: the current that leaves through a face."""
    factor = 2.0 * pi if domain.axisymmetric else 1.0
    return factor * ufl.inner(v, ufl.FacetNormal(domain.mesh))


def dual_coordinates(domain: Domain) -> npt.NDArray[np.float64]:
    """Nodes of the dual's plane: r -> s = r^2/2 if axisymmetric, else unchanged."""
    points = node_positions(domain.mesh).copy()
    if domain.axisymmetric:
        points[:, 0] = 0.5 * points[:, 0] ** 2
    return points


def current_density(phi: fem.Function, kappa: fem.Function) -> Expr:
    """i = -kappa grad(phi), pA/um^2."""
    return -kappa * ufl.grad(phi)
