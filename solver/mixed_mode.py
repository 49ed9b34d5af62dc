"""Stress intensities K_I and K_II of a tip, apart from each other: the interaction integral.

G is a square of the displacement; its mixed term for the solution u and the field v of a crack in
an infinite body under K_I = 1 (or K_II = 1) is

    M = int [sigma_ij v_i,k q_k,j + tau_ij u_i,k q_k,j - sigma_ij v_i,j q_k,k] dA
        + int [(div tau).(grad u q) - b.(grad v q) - C_el,k q_k] dA
        + int_faces t.v div_s q + (dt/ds q_s).v ds                   (tau: the stress of v)
    K_I = E' M/2,         E' = E/(1 - nu^2), in plane stress E,

with the field q of `solver.fracture`. Uniform eigenstrain or initial stress of the layer of the tip
needs no term of its own, sigma being the whole stress; the layer is isotropic, the traction t of
the faces of the crack may change along them. The second line is zero in an even body: b is a force
per volume; of a graded solid C = rho C_tip, tau = rho C_tip : eps(v) with the fields v of the
modulus at the tip, div tau = tau.grad(rho)/rho, C_el,k = rho_,k/rho (sigma - sigma0):eps(v). Around
an axis all is weighted with 2 pi r, v has the strain h = v_r/r around, so that div tau gains

    lambda grad(h) + (tau_rr - tau_tt, tau_rz)/r,

and the first line (sigma_tt v_r + tau_tt u_r) q_r/r^2 - sigma_ij eps_ij(v) q_r/r, sigma_tt v_r/r
being part of sigma_ij eps_ij(v). K_I, K_II in MPa um^(1/2); K_II is positive if the face on the
left of the direction of the crack moves forwards.

Under both modes a crack kinks. By the largest stress around the tip, to the angle and with the
equivalent intensity

    tan(theta/2) = [K_I - sqrt(K_I^2 + 8 K_II^2)]/(4 K_II),
    K_eq = cos(theta/2) [K_I cos^2(theta/2) - 3/2 K_II sin(theta)].

Source: Stern, Becker & Dunham 1976, Int. J. Fract. 12, 359 (interaction); Kim & Paulino 2003, Int.
J. Numer. Methods Eng. 58, 1457 (graded: fields that are not in equilibrium); Erdogan & Sih 1963, J.
Basic Eng. 85, 519 (kinking).
"""

from dataclasses import dataclass
from math import atan, cos, pi, sin, sqrt

import numpy as np
import ufl
from dolfinx import fem
from ufl.core.expr import Expr

from solver.domain import facet_entities, facet_measure
from solver.elasticity import Body, spread, weight
from solver.fracture import CONTOURS, Tip, extension
from solver.hooke import XX, XY, YY, ZZ, Floats

DEGREE = 6  # of the quadrature: the field of the tip is no polynomial


@dataclass(frozen=True)
class Intensities:
    """K_I and K_II of one tip by every contour, MPa um^(1/2), shape (contours,)."""

    opening: tuple[float, ...]
    shear: tuple[float, ...]

    @property
    def values(self) -> tuple[float, float]:
        """K_I and K_II by the widest contour but one, as G."""
        return self.opening[-2], self.shear[-2]

    @property
    def spread(self) -> float:
        """Largest difference of two contours, of either."""
        return max(max(k) - min(k) for k in (self.opening, self.shear))


def _field(tip: Tip, x: Expr, shear_modulus: float, kappa: float, mode: int) -> Expr:
    """Displacement at a tip for a stress intensity of one, in the axes of the mesh."""
    c, s = tip.direction
    ahead = c * (x[0] - tip.place[0]) + s * (x[1] - tip.place[1])
    left = -s * (x[0] - tip.place[0]) + c * (x[1] - tip.place[1])
    half = 0.5 * ufl.atan2(left, ahead)
    size = ufl.sqrt(ufl.sqrt(ahead**2 + left**2) / (2.0 * pi)) / (2.0 * shear_modulus)
    cosine, sine = ufl.cos(half), ufl.sin(half)
    if mode == 1:
        along = size * cosine * (kappa - 1.0 + 2.0 * sine**2)
        across = size * sine * (kappa + 1.0 - 2.0 * cosine**2)
    else:
        along = size * sine * (kappa + 1.0 + 2.0 * cosine**2)
        across = -size * cosine * (kappa - 1.0 - 2.0 * sine**2)
    return ufl.as_vector([c * along - s * across, s * along + c * across])


def _on_faces(tip: Tip, x: Expr, n: Expr, shear_modulus: float, kappa: float, mode: int) -> Expr:
    """The same field on the faces of the crack, told apart by their normals."""
    c, s = tip.direction
    r = ufl.sqrt((x[0] - tip.place[0]) ** 2 + (x[1] - tip.place[1]) ** 2)
    side = ufl.sign(s * n[0] - c * n[1])  # the left face's normal points to the right
    size = side * ufl.sqrt(r / (2.0 * pi)) * (kappa + 1.0) / (2.0 * shear_modulus)
    return ufl.as_vector([-s * size, c * size] if mode == 1 else [c * size, s * size])


def _in_plane(stress: Expr) -> Expr:
    return ufl.as_matrix([[stress[XX], stress[XY]], [stress[XY], stress[YY]]])


def _integrand(
    body: Body,
    u: fem.Function,
    v: Expr,
    q: fem.Function,
    lame: tuple[float, float],
    evenness: Expr | None,
) -> Expr:
    """That of M but for the faces.

    Args:
        body: Laws and loads.
        u: In equilibrium.
        v: The field of the tip.
        q: The field that moves it.
        lame: Shear modulus and Lame's lambda at the tip (plane stress: the reduced one), MPa.
        evenness: rho; None: 1.
    """
    (shear, second), around_axis = lame, body.domain.axisymmetric
    r = ufl.SpatialCoordinate(body.domain.mesh)[0]
    stress = body.stress(u)
    grad_v, grad_u, grad_q = ufl.grad(v), ufl.grad(u), ufl.grad(q)
    eps, widens = ufl.sym(grad_v), ufl.tr(grad_q)
    tau = 2.0 * shear * eps + second * ufl.tr(eps) * ufl.Identity(2)
    whole = ufl.inner(_in_plane(stress), eps)
    if around_axis:
        hoop = v[0] / r
        tau += second * hoop * ufl.Identity(2)
        tau_hoop = second * ufl.tr(eps) + (second + 2.0 * shear) * hoop
        whole += stress[ZZ] * hoop
        widens += q[0] / r
        left = second * ufl.grad(hoop)
        left += ufl.as_vector([tau[0, 0] - tau_hoop, tau[0, 1]]) / r
    rho: Expr | float = 1.0 if evenness is None else evenness
    moved = ufl.dot(grad_u, q)
    found: Expr = ufl.inner(_in_plane(stress), ufl.dot(grad_v, grad_q)) - whole * widens
    found += rho * ufl.inner(tau, ufl.dot(grad_u, grad_q))
    if around_axis:
        found += (stress[ZZ] * v[0] + rho * tau_hoop * u[0]) * q[0] / r**2
        found += rho * ufl.dot(left, moved)
    if evenness is not None:
        elastic, slope = stress - body.initial_stress, ufl.grad(evenness)
        density = ufl.inner(_in_plane(elastic), eps)
        if around_axis:
            density += elastic[ZZ] * hoop
        found += ufl.dot(ufl.dot(tau, slope), moved) - ufl.dot(slope, q) / evenness * density
    if body.force is not None:
        found -= body.load * ufl.dot(body.force, ufl.dot(grad_v, q))
    return weight(body.domain) * found


def intensities(
    body: Body,
    displacement: fem.Function,
    tip: Tip,
    stiffness: Floats,
    pressed: fem.Function | None = None,
    graded: float = 1.0,
) -> Intensities:
    """K_I and K_II of one tip in a section, by every contour; collective.

    Args:
        body: Laws and loads; small strains.
        displacement: In equilibrium.
        tip: Not on an interface.
        stiffness: Of the layer of the tip, isotropic, MPa, shape (6, 6), but for its grading.
        pressed: Traction on the left face of a flaw whose faces touch, MPa; the right one bears the
            opposite.
        graded: Factor of the stiffness at the tip.

    Returns:
        In a plane of symmetry K_II is zero.
    """
    domain = body.domain
    shear = graded * float(stiffness[XY, XY])
    lame = graded * float(stiffness[XX, YY])
    evenness = None if body.grade is None else body.grade / graded
    kappa = (lame + 3.0 * shear) / (lame + shear)  # also in plane stress, with the reduced law
    modulus = 4.0 * shear * (lame + shear) / (lame + 2.0 * shear)
    x = ufl.SpatialCoordinate(domain.mesh)
    n = ufl.FacetNormal(domain.mesh)
    dx = ufl.dx(domain.mesh, metadata={"quadrature_degree": DEGREE})
    entities = facet_entities(domain, tip.crack)
    ds = facet_measure(domain, {0: entities})(0, metadata={"quadrature_degree": DEGREE})
    along = ufl.as_vector(tip.direction)
    traction = ufl.as_vector([0.0, 0.0])
    rises: Expr | None = None  # the pressure, along the faces
    if tip.crack in body.tractions:
        given = body.tractions[tip.crack]
        pressure = fem.Constant(domain.mesh, np.float64(given.pressure))
        if given.profile is not None:
            pressure = spread(pressure, given, domain)
            rises = ufl.grad(pressure)
        sheared = fem.Constant(domain.mesh, np.float64(given.shear))
        traction = -pressure * n + sheared * ufl.as_vector([-n[1], n[0]])
    left = ufl.sign(tip.direction[1] * n[0] - tip.direction[0] * n[1])
    q = fem.Function(fem.functionspace(domain.mesh, ("Lagrange", 1, (2,))))
    forms = []
    modes = (1, 2) if tip.share == 1.0 else (1,)
    for mode in modes:
        v = _field(tip, x, shear, kappa, mode)
        mixed = _integrand(body, displacement, v, q, (shear, lame), evenness) * dx
        grad_q = ufl.grad(q)
        stretched = ufl.dot(along, ufl.dot(grad_q, along))
        if domain.axisymmetric:
            stretched += q[0] / x[0]
        on_faces = _on_faces(tip, x, n, shear, kappa, mode)
        mixed += weight(domain) * ufl.dot(traction, on_faces) * stretched * ds
        if rises is not None:
            mixed -= weight(domain) * ufl.dot(rises, q) * ufl.dot(n, on_faces) * ds
        if pressed is not None:
            grows = ufl.dot(ufl.grad(pressed), q)
            mixed += left * ufl.dot(stretched * pressed + grows, on_faces) * ds
        forms.append(fem.form(mixed))
    found: tuple[list[float], list[float]] = ([], [])
    for inner, outer in CONTOURS:
        q.x.array[:] = extension(domain, tip, inner * tip.reach, outer * tip.reach).x.array
        for form, values in zip(forms, found, strict=False):
            part = float(domain.comm.allreduce(fem.assemble_scalar(form)))
            values.append(0.5 * modulus * tip.share * part / tip.front)
    return Intensities(tuple(found[0]), tuple(found[1]) or (0.0,) * len(CONTOURS))


def kink(opening: float, shear: float) -> tuple[float, float]:
    """Angle (rad, anticlockwise from the direction of the crack) and K_eq of a kinking crack.

    Args:
        opening: K_I.
        shear: K_II, in the same unit.
    """
    if shear == 0.0:
        return 0.0, max(opening, 0.0)
    half = atan((opening - sqrt(opening**2 + 8.0 * shear**2)) / (4.0 * shear))
    equivalent = cos(half) * (opening * cos(half) ** 2 - 1.5 * shear * sin(2.0 * half))
    return 2.0 * half, max(equivalent, 0.0)
