"""Small-strain elasticity: one energy, from which equilibrium and crack driving forces follow.

    Pi(u) = int 1/2 (eps - eps*).C (eps - eps*) + sigma0.eps - b.u dV - int_faces t.u dA

Its derivative in the displacement u (um) is the equilibrium div sigma + b = 0, sigma n = t; its
derivative in the place of a crack tip is minus the energy release rate (`solver.fracture`).
Pi in MPa um^3 = pJ (plane: per um of depth), tractions t in MPa; a pressure p on a face is
t = -p n; b is a force per volume, MPa/um. C may vary (`solver.graded`). Strains are small; in
axisymmetry x is the radius and the strain around is u_r/r.

Source: principle of minimum potential energy; law of the solids in `solver.hooke`.
"""

from dataclasses import dataclass, replace

import numpy as np
import ufl
from dolfinx import fem
from ufl.core.expr import Expr

from solver.domain import Domain, facet_entities, facet_measure, region_of_cells
from solver.graded import factor
from solver.hooke import XX, ZZ, Floats
from solver.mechanics_schema import Graded

DEGREE = 2  # of the displacement


@dataclass(frozen=True)
class Solid:
    """What a region is made of.

    Attributes:
        stiffness: MPa, shape (6, 6), order as in `solver.hooke`; for plane stress the reduced one.
        eigenstrain: Strain at which it would be free of stress, shape (6,).
        initial_stress: Stress at no strain, MPa, shape (6,).
        large: Whether its rotations count: Green's strain, and stresses of the second
            Piola-Kirchhoff kind, which are the true ones as long as strains are small.
        graded: How the stiffness varies.
    """

    stiffness: Floats
    eigenstrain: Floats
    initial_stress: Floats
    large: bool = False
    graded: Graded | None = None


@dataclass(frozen=True)
class Profile:
    """How a pressure is spread along a straight crack that lithium fills from its mouth.

    p(s) = min(pressure, at_mouth + gradient s) at the distance s from the mouth, where less acts
    inside than there max(pressure, at_mouth - gradient s); zero within `dry` of the tip.

    Attributes:
        axis: Of the coordinate along the crack.
        mouth: Its value at the mouth, um (of the mesh).
        tip: Its value at the tip.
        gradient: Most that the walls hold, MPa/um: 2 tau_y/w for lithium that yields at the shear
            stress tau_y in a flaw of the width w; infinite: nothing flows.
        dry: Length at the tip that lithium does not reach, um.
        at_mouth: Pressure of the lithium that the flaw is connected with, MPa.
    """

    axis: int
    mouth: float
    tip: float
    gradient: float
    dry: float
    at_mouth: float = 0.0


@dataclass(frozen=True)
class Traction:
    """Force per area on a face, MPa: `pressure` pushes against the body, `shear` acts along it.

    `shear` is along the tangent t = (-n_y, n_x), n the outward normal (2D). A `profile` spreads
    the pressure unevenly. A `spring` (MPa/um) adds pressure with the displacement outwards. In 3D
    the pressure acts `within` an ellipse around the z axis, half lengths along x and y in um.
    """

    pressure: float = 0.0
    shear: float = 0.0
    profile: "Profile | None" = None
    spring: float = 0.0
    within: tuple[float, float] | None = None

    def at(self, away: float) -> float:
        """The pressure at the distance `away` (um) from the mouth, but for a dry tip; MPa."""
        if self.profile is None or self.profile.gradient == np.inf:
            return self.pressure
        mouth, most = self.profile.at_mouth, self.profile.gradient * away
        return min(max(self.pressure, mouth - most), mouth + most)


def displacement_space(domain: Domain, order: int = DEGREE) -> fem.FunctionSpace:
    """Continuous displacements, quadratic unless another order is given."""
    gdim = domain.mesh.geometry.dim
    return fem.functionspace(domain.mesh, ("Lagrange", order, (gdim,)))


def weight(domain: Domain) -> Expr | float:
    """Of volume and area integrals: 2 pi r in axisymmetry."""
    return 2.0 * np.pi * ufl.SpatialCoordinate(domain.mesh)[0] if domain.axisymmetric else 1.0


def strain(u: Expr, domain: Domain) -> Expr:
    """The six strains of a displacement."""
    g = ufl.grad(u)
    if domain.mesh.geometry.dim == 3:
        shear = (g[1, 2] + g[2, 1], g[0, 2] + g[2, 0], g[0, 1] + g[1, 0])
        return ufl.as_vector([g[0, 0], g[1, 1], g[2, 2], *shear])
    around = u[0] / ufl.SpatialCoordinate(domain.mesh)[0] if domain.axisymmetric else 0.0
    return ufl.as_vector([g[0, 0], g[1, 1], around, 0.0, 0.0, g[0, 1] + g[1, 0]])


def rotation_strain(u: Expr, domain: Domain) -> Expr:
    """What Green's strains (F^T F - 1)/2 add to the small ones: right for any rotation."""
    g = ufl.grad(u)
    h = ufl.dot(g.T, g)
    if domain.mesh.geometry.dim == 3:
        shear = (2 * h[1, 2], 2 * h[0, 2], 2 * h[0, 1])
        return 0.5 * ufl.as_vector([h[0, 0], h[1, 1], h[2, 2], *shear])
    around = (u[0] / ufl.SpatialCoordinate(domain.mesh)[0]) ** 2 if domain.axisymmetric else 0.0
    return 0.5 * ufl.as_vector([h[0, 0], h[1, 1], around, 0.0, 0.0, 2 * h[0, 1]])


def spread(pressure: Expr, traction: Traction, domain: Domain) -> Expr:
    """A pressure, all or a part of that of a traction, with its profile, fixed in space."""
    profile = traction.profile
    if profile is None:
        return pressure
    place = ufl.SpatialCoordinate(domain.mesh)[profile.axis]
    mouth = fem.Constant(domain.mesh, np.float64(profile.mouth))
    if profile.gradient < np.inf:
        slope = fem.Constant(domain.mesh, np.float64(profile.gradient))
        ahead = fem.Constant(domain.mesh, np.float64(profile.at_mouth))
        change = slope * abs(place - mouth)
        if traction.pressure < profile.at_mouth:
            held = ahead - change
            pressure = ufl.conditional(ufl.gt(held, pressure), held, pressure)
        else:
            held = ahead + change
            pressure = ufl.conditional(ufl.lt(held, pressure), held, pressure)
    if profile.dry > 0.0:
        length = abs(profile.tip - profile.mouth) - profile.dry
        wet = fem.Constant(domain.mesh, np.float64(length))
        pressure = ufl.conditional(ufl.lt(abs(place - mouth), wet), pressure, 0.0)
    return pressure


@dataclass(frozen=True)
class Body:
    """Laws and loads on a mesh, as cellwise constants.

    Attributes:
        domain: The mesh.
        stiffness: (6, 6) on every cell.
        eigenstrain: (6,) on every cell.
        initial_stress: (6,) on every cell.
        tractions: By name of the face.
        rotates: 1 on cells whose rotations count, 0 on others; None: nowhere. Pressures keep their
            direction.
        load: Share of the load that acts, 1 but on the way to an equilibrium that is hard to find.
        grade: By which the stiffness is multiplied, a function of the coordinates; None: by 1.
        force: Per volume, MPa/um; None: none.
    """

    domain: Domain
    stiffness: fem.Function
    eigenstrain: fem.Function
    initial_stress: fem.Function
    tractions: dict[str, Traction]
    rotates: fem.Function | None
    load: fem.Constant
    grade: Expr | None = None
    force: fem.Constant | None = None

    def elastic_stress(self, elastic: Expr) -> Expr:
        """The six stresses of an elastic strain, MPa."""
        stress = self.stiffness * elastic
        return stress if self.grade is None else self.grade * stress

    def strain(self, u: Expr) -> Expr:
        """The six strains of a displacement, Green's where rotations count."""
        small = strain(u, self.domain)
        if self.rotates is None:
            return small
        return small + self.rotates * rotation_strain(u, self.domain)

    def stress(self, u: Expr) -> Expr:
        """The six stresses, MPa."""
        elastic = self.strain(u) - self.eigenstrain
        return self.elastic_stress(elastic) + self.initial_stress

    def strain_everywhere(self, u: Expr) -> Expr:
        """The strains, also on the axis, where the strain around is that along the radius."""
        eps = self.strain(u)
        if self.domain.axisymmetric:
            mesh = self.domain.mesh
            if mesh.ufl_domain().is_piecewise_linear_simplex_domain():
                near = 1e-6 * ufl.Circumradius(mesh)
            else:  # round cells have no such radius
                most = float(mesh.geometry.x[:, 0].max(initial=0.0))
                near = fem.Constant(mesh, np.float64(1e-12 * self.domain.comm.allreduce(most, max)))
            off_axis = ufl.gt(ufl.SpatialCoordinate(mesh)[0], near)
            around = ufl.conditional(off_axis, eps[ZZ], eps[XX])
            eps = ufl.as_vector([around if i == ZZ else eps[i] for i in range(6)])
        return eps

    def stress_everywhere(self, u: Expr) -> Expr:
        """The stresses, also on the axis."""
        elastic = self.strain_everywhere(u) - self.eigenstrain
        return self.elastic_stress(elastic) + self.initial_stress

    def potential_energy(self, u: Expr) -> ufl.Form:
        """Pi(u), pJ (plane: pJ/um)."""
        eps = self.strain(u)
        elastic = eps - self.eigenstrain
        density = 0.5 * ufl.dot(elastic, self.elastic_stress(elastic))
        density += ufl.dot(self.initial_stress, eps)
        energy = weight(self.domain) * density * ufl.dx(self.domain.mesh)
        return self.with_loads(energy, u)

    def load_potential(self, u: Expr) -> ufl.Form:
        """Minus the work of the loads alone, pJ (plane: pJ/um)."""
        none = fem.Constant(self.domain.mesh, np.float64(0.0)) * u[0] * ufl.dx(self.domain.mesh)
        return self.with_loads(none, u)

    def springs(self, u: Expr) -> ufl.Form | None:
        """The energy of the springs alone, pJ (plane: pJ/um); None without any."""
        springs = {n: Traction(spring=t.spring) for n, t in self.tractions.items() if t.spring}
        if not springs:
            return None
        none = fem.Constant(self.domain.mesh, np.float64(0.0)) * u[0] * ufl.dx(self.domain.mesh)
        return replace(self, tractions=springs, force=None).with_loads(none, u)

    def with_loads(self, energy: ufl.Form, u: Expr) -> ufl.Form:
        """The energy minus the work of tractions and body force, with that of springs."""
        domain, names = self.domain, sorted(self.tractions)
        entities = {i: facet_entities(domain, name) for i, name in enumerate(names)}
        ds = facet_measure(domain, entities)
        n = ufl.FacetNormal(domain.mesh)
        if self.force is not None:
            work = weight(domain) * self.load * ufl.dot(self.force, u)
            energy -= work * ufl.dx(domain.mesh)
        for i, name in enumerate(names):
            traction = self.tractions[name]
            pressure = self.load * fem.Constant(domain.mesh, np.float64(traction.pressure))
            pressure = spread(pressure, traction, domain)
            if traction.within is not None:
                x = ufl.SpatialCoordinate(domain.mesh)
                half = fem.Constant(domain.mesh, np.array(traction.within))
                inside = ufl.lt((x[0] / half[0]) ** 2 + (x[1] / half[1]) ** 2, 1.0)
                pressure = ufl.conditional(inside, pressure, 0.0)
            energy += weight(domain) * pressure * ufl.dot(n, u) * ds(i)
            if traction.spring:
                spring = fem.Constant(domain.mesh, np.float64(traction.spring))
                energy += weight(domain) * 0.5 * spring * ufl.dot(n, u) ** 2 * ds(i)
            if traction.shear:
                shear = self.load * fem.Constant(domain.mesh, np.float64(traction.shear))
                along = ufl.as_vector([-n[1], n[0]])
                energy -= weight(domain) * shear * ufl.dot(along, u) * ds(i)
        return energy


def make_body(
    domain: Domain,
    solids: dict[str, Solid],
    tractions: dict[str, Traction],
    force: tuple[float, float] = (0.0, 0.0),
    shift: float = 0.0,
) -> Body:
    """Spread laws by region over the cells of a mesh.

    Args:
        domain: The mesh.
        solids: Law of every region.
        tractions: Loads by name of the face; faces that are not named are free.
        force: Per volume along x and y, MPa/um (2D).
        shift: Height in the body at which y = 0 in the mesh, um.
    """
    rotates = None
    if any(solid.large for solid in solids.values()):
        flags = {name: np.array(float(solid.large)) for name, solid in solids.items()}
        rotates = spread_over_cells(domain, flags, "rotates")
    return Body(
        domain,
        spread_over_cells(domain, {name: s.stiffness for name, s in solids.items()}, "stiffness"),
        spread_over_cells(
            domain, {name: s.eigenstrain for name, s in solids.items()}, "eigenstrain"
        ),
        spread_over_cells(
            domain, {name: s.initial_stress for name, s in solids.items()}, "initial_stress"
        ),
        tractions,
        rotates,
        fem.Constant(domain.mesh, np.float64(1.0)),
        _grade(domain, {name: solid.graded for name, solid in solids.items()}, shift),
        fem.Constant(domain.mesh, np.array(force)) if any(force) else None,
    )


def _grade(domain: Domain, laws: dict[str, Graded | None], shift: float) -> Expr | None:
    """The factor of the stiffness, of every region its own; None if no solid is graded."""
    x = ufl.SpatialCoordinate(domain.mesh)
    found: Expr | None = None
    for name, law in laws.items():
        if law is None:
            continue
        place = x[0] if law.along == "x" else x[1] + fem.Constant(domain.mesh, np.float64(shift))
        shares = {other: np.array(float(other == name)) for other in laws}
        inside = spread_over_cells(domain, shares, f"in_{name}")
        more = inside * (factor(law, place, domain.mesh) - 1.0)
        found = 1.0 + more if found is None else found + more
    return found


def spread_over_cells(domain: Domain, values: dict[str, Floats], name: str) -> fem.Function:
    """A cellwise constant tensor from one array per region."""
    shape = next(iter(values.values())).shape
    function = fem.Function(fem.functionspace(domain.mesh, ("DG", 0, shape)), name=name)
    size = int(np.prod(shape))
    table = np.zeros((max(domain.built.regions.values()) + 1, size))
    for region, tag in domain.built.regions.items():
        table[tag] = values[region].ravel()
    function.x.array[:] = table[region_of_cells(domain)].ravel()
    return function
