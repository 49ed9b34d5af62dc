"""The reaction Li -> Li+ + e- at a face of lithium: rate, film in series, double layer, stress.

With E the potential of the metal, phi that of the electrolyte beside it, f = F/(R T):

    i = j + C d(eta)/dt                              into the electrolyte: stripping is positive
    E - phi - V_Li sigma_n/F = eta + rho i
    j = i0 (exp(alpha f eta) - exp(-(1 - alpha) f eta))      butler_volmer
    j = i0 f eta                                             linear
    |eta| = ln(|j|/i0)/(alpha f) above i0 (plating: 1 - alpha), 0 below       tafel

i0 exchange current density (pA/um^2), alpha anodic transfer coefficient, eta surface overpotential
(V), rho resistance of a film in series (V um^2/pA), C double-layer capacitance (pC/(V um^2)).

Stress: sigma_n is the normal stress on the lithium at the face, tension positive. Pressure -sigma_n
raises the chemical potential of lithium by -V_Li sigma_n, so the equilibrium potential of the face
against the electrolyte is V_Li sigma_n/F (1 mV for 7.423 MPa): lithium under pressure dissolves.
Each of two faces has its own sigma_n; two faces at rest differ by V_Li (sigma_1 - sigma_2)/F.

The unknown on the nodes of a face is z, with f eta = 2 arsinh(z), hence j = 2 i0 z at alpha = 1/2
and j = i0 (s^(2 alpha) - s^(-2 (1 - alpha))), s = z + sqrt(1 + z^2), at any other: neither rate nor
overpotential grows faster than a power of z or its logarithm, so that Newton's method needs a few
steps from i << i0 to i >> i0 and nothing overflows; a film in series needs no inner iteration.
Linear: z = f eta. Tafel: z = j/i0. Without a law z is a scaled current density, and eta = 0.

Source: Newman & Thomas-Alyea 2004, Electrochemical Systems, chapter 8; Monroe & Newman 2004,
J. Electrochem. Soc. 151, A880 (stress).
"""

import ufl
from ufl.core.expr import Expr

from solver.march_schema import Kinetics
from solver.units import FARADAY, GAS_CONSTANT


def shift_of(kinetics: Kinetics | None) -> float:
    """Equilibrium potential of a face under its normal stress, V."""
    if kinetics is None:
        return 0.0
    return kinetics.molar_volume * kinetics.normal_stress / FARADAY


def transfer_resistance(kinetics: Kinetics | None, temperature: float) -> float:
    """d(eta)/dj at equilibrium, V um^2/pA; 0 without a law (Tafel: far from it, so 0 too)."""
    if kinetics is None or kinetics.law == "tafel":
        return 0.0
    return GAS_CONSTANT * temperature / (FARADAY * kinetics.exchange_current_density)


def reaction(
    kinetics: Kinetics | None, z: Expr, i0: Expr, alpha: Expr, thermal: Expr
) -> tuple[Expr, Expr]:
    """Surface overpotential (V) and rate (pA/um^2) of the unknown of a face.

    Args:
        kinetics: The law; None: no overpotential.
        z: Unknown.
        i0: Exchange current density; without a law the scale of z.
        alpha: Anodic transfer coefficient.
        thermal: R T/F, V.
    """
    law = None if kinetics is None else kinetics.law
    if law == "butler_volmer":
        root = ufl.sqrt(1.0 + z * z)
        # two branches: neither loses digits where z and the root nearly cancel
        half = ufl.conditional(ufl.ge(z, 0.0), ufl.ln(z + root), -ufl.ln(root - z))
        rate = i0 * (ufl.exp(2.0 * alpha * half) - ufl.exp(-2.0 * (1.0 - alpha) * half))
        return 2.0 * thermal * half, rate
    if law == "linear":
        return thermal * z, i0 * z
    if law == "tafel":
        along = ufl.conditional(ufl.ge(z, 0.0), alpha, 1.0 - alpha)
        size = ufl.max_value(abs(z), 1.0)
        return thermal * ufl.sign(z) * ufl.ln(size) / along, i0 * z
    return 0.0 * thermal * z, i0 * z
