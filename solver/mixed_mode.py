"""Stress intensities K_I and K_II of a tip, apart from each other: the interaction integral.

G is a square of the displacement; its mixed term for the solution u and the field v of a crack in
an infinite body under K_I = 1 (or K_II = 1) is

    M = int [sigma_ij v_i,k q_k,j + tau_ij u_i,k q_k,j - sigma_ij v_i,j q_k,k] dA
        + int_faces t.v div_s q + (dt/ds q_s).v ds                   (tau: the stress of v)
    K_I = E' M/2,         E' = E/(1 - nu^2), in plane stress E,

with the field q of `solver.fracture`. Uniform eigenstrain or initial stress of the layer of the tip
needs no term of its own, sigma being the whole stress; the layer is isotropic, the traction t of
the faces of the crack may change along them. K_I, K_II in MPa um^(1/2); K_II is positive if the
face on the left of the direction of the crack moves forwards.

Under both modes a crack kinks. By the largest stress around the tip, to the angle and with the
equivalent intensity

    tan(theta/2) = [K_I - sqrt(K_I^2 + 8 K_II^2)]/(4 K_II),
    K_eq = cos(theta/2) [K_I cos^2(theta/2) - 3/2 K_II sin(theta)].

Source: Stern, Becker & Dunham 1976, Int. J. Fract. 12, 359 (interaction); Erdogan & Sih 1963,
J. Basic Eng. 85, 519 (kinking).
"""

from dataclasses import dataclass
from math import atan, cos, pi, sin, sqrt

import numpy as np
import ufl
from dolfinx import fem
from ufl.core.expr import Expr

from solver.domain import facet_entities, facet_measure
from solver.elasticity import Body, spread
from solver.fracture import CONTOURS, Tip, extension
from solver.hooke import XX, XY, YY, Floats

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


def intensities(
    body: Body,
    displacement: fem.Function,
    tip: Tip,
    stiffness: Floats,
    pressed: fem.Function | None = None,
) -> Intensities:
    """K_I and K_II of one tip of a plane body, by every contour; collective.

    Args:
        body: Laws and loads; small strains.
        displacement: In equilibrium.
        tip: Not on an interface.
        stiffness: Of the layer of the tip, isotropic, MPa, shape (6, 6).
        pressed: Traction on the left face of a flaw whose faces touch, MPa; the right one bears the
            opposite.

    Returns:
        In a plane of symmetry K_II is zero.
    """
    domain = body.domain
    shear = float(stiffness[XY, XY])
    lame = float(stiffness[XX, YY])
    kappa = (lame + 3.0 * shear) / (lame + shear)  # also in plane stress, with the reduced law
    modulus = 4.0 * shear * (lame + shear) / (lame + 2.0 * shear)
    x = ufl.SpatialCoordinate(domain.mesh)
    n = ufl.FacetNormal(domain.mesh)
    dx = ufl.dx(domain.mesh, metadata={"quadrature_degree": DEGREE})
    entities = facet_entities(domain, tip.crack)
    ds = facet_measure(domain, {0: entities})(0, metadata={"quadrature_degree": DEGREE})
    stress = _in_plane(body.stress(displacement))
    along = ufl.as_vector(tip.direction)
    traction = ufl.as_vector([0.0, 0.0])
    rises: Expr | None = None  # the pressure, along the faces
    if tip.crack in body.tractions:
        given = body.tractions[tip.crack]
        pressure = fem.Constant(domain.mesh, np.float64(given.pressure))
        if given.profile is not None:
            pressure = spread(pressure, given.profile, domain)
            rises = ufl.grad(pressure)
        sheared = fem.Constant(domain.mesh, np.float64(given.shear))
        traction = -pressure * n + sheared * ufl.as_vector([-n[1], n[0]])
    left = ufl.sign(tip.direction[1] * n[0] - tip.direction[0] * n[1])
    q = fem.Function(fem.functionspace(domain.mesh, ("Lagrange", 1, (2,))))
    forms = []
    modes = (1, 2) if tip.share == 1.0 else (1,)
    for mode in modes:
        v = _field(tip, x, shear, kappa, mode)
        grad_v, grad_u, grad_q = ufl.grad(v), ufl.grad(displacement), ufl.grad(q)
        eps = ufl.sym(grad_v)
        tau = 2.0 * shear * eps + lame * ufl.tr(eps) * ufl.Identity(2)
        flow = ufl.inner(stress, ufl.dot(grad_v, grad_q)) + ufl.inner(tau, ufl.dot(grad_u, grad_q))
        mixed = (flow - ufl.inner(stress, eps) * ufl.tr(grad_q)) * dx
        stretched = ufl.dot(along, ufl.dot(grad_q, along))
        on_faces = _on_faces(tip, x, n, shear, kappa, mode)
        mixed += ufl.dot(traction, on_faces) * stretched * ds
        if rises is not None:
            mixed -= ufl.dot(rises, q) * ufl.dot(n, on_faces) * ds
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
