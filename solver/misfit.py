"""Deposit as a misfit between two elastic bodies: the pressure that growth makes at a flat face.

The lithium behind a flat face is an elastic body of the size of what is meshed before it, its
mirror image. With u the displacement of the electrolyte and w that of the lithium, both on the one
mesh (w mirrored), N its outward normal at the face and h the growth (`solver.deposit`):

    -u.N - w.N = h,   t_N = -p on both,   no shear (slip free) or no displacement along (held)
    div(sigma(u)) = div(sigma(w)) = 0,   plane strain
    far ends: -sigma_N = 2 k u.N each, k the stiffness of the stack (or u.N = 0), no shear;
    sides: planes of symmetry

that is, the stationary point of the elastic energies + int p (h + u.N + w.N). p is an unknown on
the nodes of the face and shifts the equilibrium potential by -V_Li p/F (`solver.kinetics`): where
lithium presses, it dissolves. A height A cos(kx) on bodies that are thick against 1/k gives

    p = S k A cos(kx),   1/S = 1/S_e + 1/S_Li,   S = mu/(1 - nu) (free), 4 mu (1 - nu)/(3 - 4 nu)

Elastic lithium bears what it never would: above about three times its yield stress it flows. The
numbers say where surfaces are stable if it did not.

Source: symbolic, exact; the coupling is that of Monroe & Newman 2005, J. Electrochem. Soc. 152,
A396, without the molar volume of the cation in the electrolyte and without surface tension.
"""

from collections.abc import Sequence

import numpy as np
import ufl
from dolfinx import fem, mesh
from ufl.core.expr import Expr

from solver.march_schema import Backing


def _energy(parts: Sequence[Expr], modulus: fem.Constant, poissons_ratio: fem.Constant) -> Expr:
    """Density of the elastic energy over the modulus of reference, plane strain."""
    strain = ufl.sym(ufl.as_matrix([[part.dx(j) for j in range(2)] for part in parts]))
    shear = modulus / (2.0 * (1.0 + poissons_ratio))
    lame = 2.0 * shear * poissons_ratio / (1.0 - 2.0 * poissons_ratio)
    return shear * ufl.inner(strain, strain) + 0.5 * lame * ufl.tr(strain) ** 2


def potential(
    msh: mesh.Mesh,
    backing: Backing,
    bodies: tuple[Sequence[Expr], Sequence[Expr]],
    pressure: Expr,
    growth: Expr,
    dx: ufl.Measure,
    face: ufl.Measure,
    ends: ufl.Measure,
) -> ufl.Form:
    """The potential of both bodies and of the misfit, over the modulus of the electrolyte, um^2.

    Args:
        msh: The mesh.
        backing: Moduli and stiffness.
        bodies: Components of the displacement of the electrolyte and of the lithium, um.
        pressure: At the face, over the modulus of the electrolyte.
        growth: h, um.
        dx: All cells.
        face: The face.
        ends: The far ends.
    """
    unit = backing.electrolyte_modulus
    moduli = (backing.electrolyte_modulus, backing.lithium_modulus)
    ratios = (backing.electrolyte_poissons_ratio, backing.lithium_poissons_ratio)
    normal = ufl.FacetNormal(msh)
    gap = growth
    total: ufl.Form | None = None
    for parts, modulus, ratio in zip(bodies, moduli, ratios, strict=True):
        stiff, poisson = (fem.Constant(msh, np.float64(x)) for x in (modulus / unit, ratio))
        energy = _energy(parts, stiff, poisson) * dx
        total = energy if total is None else total + energy
        outward = sum(part * normal[i] for i, part in enumerate(parts))
        gap = gap + outward
        if backing.stack_stiffness is not None:
            spring = fem.Constant(msh, np.float64(2.0 * backing.stack_stiffness / unit))
            total = total + 0.5 * spring * outward**2 * ends
    return total + pressure * gap * face
