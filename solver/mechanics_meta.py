"""What `results.json` says about a mechanical answer besides its quantities."""

from collections.abc import Iterator
from math import inf, isfinite, sqrt
from typing import Any

from meshes.layers import Block, Box, height
from solver import mechanics_schema, schema
from solver.box_mechanics import GROWTH, MOST_TOUCHING
from solver.equilibrium import Support
from solver.force_balance import IMBALANCE
from solver.mechanics import MOST_LEVELS, Mechanical, is_closed, is_pressed_shut
from solver.mechanics_model import conditions
from solver.output import Level
from solver.strain_range import SMALL_STRAIN

NOTES_OF_THE_TIP = (
    "The error bar of the energy release rate is an estimate, not a bound: the largest of the "
    "difference of the contour integral (J) and the virtual extension of the crack (energies with "
    "the tip moved), the spread over the contours, and the difference of the last two meshes."
)
NOTES_OF_THE_FRONT = (
    "Every point of the front has an error bar of its own, an estimate, not a bound: the largest "
    "of the spread over the contours there, twice the difference of the last two meshes there or "
    "on the mean over the front, what the smooth course along the front leaves out there, and the "
    "difference of the mean of G from that of the energies with the front moved. A front that is "
    "closed in part has one for all of it, from the contours and the last two meshes."
)
ONE_MESH = (
    'One mesh was asked for (numerics.refinement = "none"): no number has an error bar from '
    "meshes, and whether any is as accurate as numerics.accuracy is not known."
)
INDEPENDENT = {2: 1e-3, 3: 1e-2}  # of the contour, in the plane and along fronts: shares of G
NOTES_OF_THE_FILM = (
    "The error bar of the steady-state energy release rate is an estimate, not a bound: the "
    "difference of the last two meshes."
)

NOTES_OF_CLOSURE = (
    "The driving force is the work that opens the crack in the section, held closed under the load "
    "and then let go. Between elastic layers that is the energy that a channelling crack releases; "
    "where layers yield it is an estimate of it, since they follow another path at its front. What "
    "the steps of opening leave in it is in its error bar."
)

NOTES_OF_GROWTH = (
    "Damage is spread over the internal length l: strength follows from l, and cracks are smooth "
    "on its scale. The numbers belong to one mesh and to steps of the load; they have no error bar."
)

NOTES_OF_COMPRESSION = (
    'With split = "none" damage takes the energy of compression as well: what is pressed together '
    "cracks as if it were pulled, and the faces of a crack do not bear on each other."
)


def main_quantity(found: Mechanical) -> tuple[str, str]:
    """Name and unit of what the meshes are refined for."""
    if found.flowed is not None and found.film is None:
        whole = found.domain.axisymmetric or found.domain.mesh.topology.dim == 3
        return "stored and dissipated energy", "pJ" if whole else "pJ/um"
    if found.growth is not None:
        return "stored energy", "pJ" if found.domain.axisymmetric else "pJ/um"
    if found.tips or found.front is not None:
        return "energy release rate", "J/m^2"
    if found.film is not None:
        return "steady-state energy release rate", "J/m^2"
    if found.tensions:
        return "largest tension", "MPa"
    if found.pressures:
        return "largest contact pressure", "MPa"
    if found.broken is not None and found.broken.spent > 0.0:
        return "energy spent on tearing", "pJ" if found.domain.axisymmetric else "pJ/um"
    if found.curvature is not None:
        return "curvature", "m^-1"
    return "potential energy", "pJ" if found.domain.axisymmetric else "pJ/um"


def reached(case: schema.Case, found: Mechanical) -> bool:
    """Whether the error bar, if there is one, is within the asked accuracy.

    Of growing cracks whether all of the load acts.
    """
    if found.growth is not None or found.stopped:
        return not found.stopped
    last = found.history[-1]
    return is_closed(found) or last.is_within(case.numerics.accuracy) or one_mesh(case, found)


def one_mesh(case: schema.Case, found: Mechanical) -> bool:
    """Whether one mesh was asked for, of which no error bar is known: no accuracy is judged."""
    return case.numerics.refinement == "none" and not isfinite(found.history[-1].bar)


def shortfall(case: schema.Case, found: Mechanical) -> str:
    """Why the asked accuracy was not reached, "" if it was."""
    if reached(case, found):
        return ""
    if found.growth is not None:
        return found.growth.stopped
    last = found.history[-1]
    if found.stopped:
        path = found.state.path if found.flowed is None else found.flowed.evolution
        kept = f"what {len(path.steps) if path else 0} converged steps have reached is kept"
        return f"the load was not carried to its end: {found.stopped}; {kept}"
    if case.numerics.refinement == "none":
        why = 'numerics.refinement = "none"'
    elif len(found.history) == MOST_LEVELS:
        why = f"{MOST_LEVELS} meshes are the most"
    elif isinstance(case.geometry, Box) and GROWTH * last.dofs <= case.numerics.max_dofs:
        why = f"contact in 3D is solved directly, for at most {MOST_TOUCHING} unknowns"
    else:
        why = f"numerics.max_dofs = {case.numerics.max_dofs}"
    name, _ = main_quantity(found)
    if not isfinite(last.bar):
        return f"one mesh alone gives no error bar of the {name}; {why}"
    share = last.bar / abs(last.value) if last.value else float("inf")
    accuracy = case.numerics.accuracy
    return (
        f"the error bar of the {name} is {share:.1e} of it, more than numerics.accuracy = "
        f"{accuracy:g}; {why}"
    )


def planes(case: schema.Case) -> tuple[str, ...]:
    """The planes of symmetry on the left ("x") and below ("y") a block."""
    block = case.geometry
    if not isinstance(block, Block):
        return ()
    found: set[str] = set()
    if block.crack is not None:
        found.add("x" if block.crack.face == "left" else "y")
    if case.mechanics is not None:
        _, supports = conditions(block, case.mechanics)
        for name, face in (("x", "left"), ("y", "bottom")):
            resting = face == "bottom" and block.pit is not None  # below a film over a pit
            if supports.get(face) == Support("normal") and not resting:
                found.add(name)
    return tuple(sorted(found))


def mesh_numbers(found: Mechanical) -> dict[str, Any]:
    """The last mesh of the mechanics."""
    report, last = found.domain.built.report, found.history[-1]
    return {
        "cells of the mechanics": last.cells,
        "unknowns of the displacement": last.dofs,
        "cells of the first mesh": report.cells,
        "worst quality of the first mesh": report.min_quality,
        "mean quality of the first mesh": report.mean_quality,
    }


def solver_numbers(found: Mechanical) -> dict[str, Any]:
    """How the last displacement was found."""
    return {
        "Krylov iterations of the displacement": found.state.iterations,
        "force balance, relative": found.state.balance,
    }


def history(found: Mechanical) -> tuple[Level, ...]:
    """The meshes with value and error bar."""
    return tuple(
        Level(
            cells=level.cells,
            dofs=level.dofs,
            value=level.value,
            lower=level.value - level.bar if isfinite(level.bar) else None,
            upper=level.value + level.bar if isfinite(level.bar) else None,
            order=None,
        )
        for level in found.history
    )


THEORETICAL = 0.1  # of Young's modulus: no solid is stronger


def beyond_the_laws(case: schema.Case, found: Mechanical) -> list[str]:
    """Where loads, or what they do, leave the range of the laws."""
    mechanics = case.mechanics
    if mechanics is None:
        return []
    said = []
    stiffness = {name: _modulus(solid) for name, solid in mechanics.solids.items()}
    softest = min(stiffness.values())
    strains = {"the stretch": abs(mechanics.stretch or 0.0)}
    block = case.geometry
    last = block.layers[-1].name if isinstance(block, Block) else "film"  # of a cell that cracks
    film = stiffness.get(last, softest)
    strains |= {f"the tension along {n}": t / film for n, t in found.tensions.items()}
    if found.film is not None:
        strains["the stress of the film"] = abs(found.film.stress) / film
    for name, traction in found.body.tractions.items():
        held = traction.profile is not None and traction.profile.gradient < inf
        if not held:  # the walls hold less than that
            strains[f"the pressure on {name}"] = abs(traction.pressure) / softest
    if mechanics.damage is not None and isinstance(block, Block):
        strains |= _pushed(block, mechanics)
    for what, strain in strains.items():
        if strain > SMALL_STRAIN:
            said.append(
                f"Warning: {what} strains a layer by {100.0 * strain:.2g} %, more than "
                f"{100.0 * SMALL_STRAIN:g} %: the strains are taken to be small."
            )
    for what, strength, modulus in _strengths(mechanics, stiffness):
        if strength > THEORETICAL * modulus:
            said.append(
                f"Warning: {what} is above {THEORETICAL:g} of its modulus, more than any solid has."
            )
    said += stripped(mechanics)
    lithium = [f for f in mechanics.faces.values() if isinstance(f, mechanics_schema.Lithium)]
    if any((flaw.yield_stress or 0.0) > THEORETICAL * LITHIUM for flaw in lithium):
        said.append(
            f"Warning: the yield stress of lithium in the flaw is above {THEORETICAL:g} of its "
            "modulus, more than any solid has."
        )
    return said


def _pushed(block: Block, mechanics: mechanics_schema.Mechanics) -> dict[str, float]:
    """How much opposite faces shorten what may break: cracks open, but they do not overlap."""
    _, supports = conditions(block, mechanics)
    moved = {n: s.value for n, s in supports.items() if s.kind in ("normal", "clamped")}
    return {
        f"the displacement of {first} and {second}": -sum(
            moved.get(n, 0.0) for n in (first, second)
        )
        / size
        for first, second, size in (
            ("left", "right", block.width),
            ("bottom", "top", height(block)),
        )
    }


def _strengths(
    mechanics: mechanics_schema.Mechanics, stiffness: dict[str, float]
) -> Iterator[tuple[str, float, float]]:
    """What holds up to a stress (MPa), and the modulus it is compared with (MPa)."""
    for name, solid in mechanics.solids.items():
        if solid.strength is not None:
            yield f"the strength of {name}", solid.strength, stiffness[name]
    if mechanics.damage is not None:  # uniaxial, of AT1; the others may be tough on purpose
        strengths = {
            name: sqrt(
                3.0
                * stiffness[name]
                * (solid.fracture_energy or 0.0)
                / (8.0 * mechanics.damage.length)
            )
            for name, solid in mechanics.solids.items()
        }
        weakest = min(strengths, key=lambda name: strengths[name])
        text = f"the strength sqrt(3 E Gc/(8 l)) of {weakest}, by the length of its damage,"
        yield text, strengths[weakest], stiffness[weakest]
    for name, joint in mechanics.interfaces.items():
        softer = min(stiffness[side] for side in name.split("|"))
        for text, strength in (
            (f"the strength of {name}", joint.strength),
            (f"the shear strength of {name}", joint.shear_strength),
        ):
            yield text, strength or 0.0, softer


def stripped(mechanics: mechanics_schema.Mechanics) -> list[str]:
    """Flaws whose lithium is stripped at the overpotential that is written there."""
    return [
        f"Warning: the overpotential of {name} is negative: lithium is stripped there and leaves, "
        "it neither presses nor pulls."
        for name, face in mechanics.faces.items()
        if isinstance(face, mechanics_schema.Lithium) and (face.overpotential or 0.0) < 0.0
    ]


def relaxed(mechanics: mechanics_schema.Mechanics) -> list[str]:
    """What is left along x of a residual stress s in plane stress: s (1 - nu), y being free."""
    if mechanics.plane != "stress":
        return []
    return [
        f"In plane stress the residual stress of {name} relaxes across the section: of the "
        f"{solid.residual_stress:.4g} MPa along the layers {left * solid.residual_stress:.4g} MPa "
        "are left in the section, the share 1 - nu, where it is free through its plane."
        for name, solid in mechanics.solids.items()
        if solid.residual_stress and isinstance(solid.elastic, mechanics_schema.Isotropic)
        for left in (1.0 - solid.elastic.poissons_ratio,)
    ]


LITHIUM = 7.82e3  # Young's modulus, MPa: Masias et al. 2019, doi 10.1007/s10853-018-2971-3


def _modulus(solid: mechanics_schema.SolidRegion) -> float:
    """A stiffness to compare stresses with, MPa."""
    match solid.elastic:
        case mechanics_schema.Isotropic(modulus, _):
            return modulus
        case mechanics_schema.Cubic(c11, _, _, _):
            return c11
        case mechanics_schema.Orthotropic() as law:
            return min(law.e1, law.e2, law.e3)


NOTES_OF_STEPS = (
    "Error bars are estimates, not bounds: the difference of the last two meshes and, of bodies "
    "that creep, three times that with steps of half the length (backward Euler: the error goes "
    "with their length). What the steps of other loads add is not in them."
)
LOCKS = 0.49  # Poisson's ratio above which quadratic displacements lose digits


def notes_of_flow(case: schema.Case, found: Mechanical) -> list[str]:
    """How the load was followed, and where a pressure as an unknown would be better."""
    said = [NOTES_OF_STEPS]
    if found.flowed is not None:
        steps, cuts = len(found.flowed.evolution.steps), found.flowed.evolution.cuts
        said.append(f"The load was followed in {steps} steps; {cuts} failed and were halved.")
        strain = found.flowed.numbers["largest_plastic_strain"]
        if strain > SMALL_STRAIN:
            said.append(
                f"Warning: the largest strain that stays is {100.0 * strain:.2g} %, more than "
                f"{100.0 * SMALL_STRAIN:g} %: the strains are taken to be small."
            )
    solids = {} if case.mechanics is None else case.mechanics.solids
    for name, solid in solids.items():
        what, stress = _strength_of(solid.flow)
        if stress > THEORETICAL * _modulus(solid):
            said.append(
                f"Warning: the {what} of {name} is above {THEORETICAL:g} of its modulus, "
                "more than any solid has."
            )
        stiff = isinstance(solid.elastic, mechanics_schema.Isotropic)
        stiff = stiff and solid.elastic.poissons_ratio > LOCKS  # type: ignore[union-attr]
        if not solid.mixed and (stiff or solid.flow is not None):
            said.append(
                f"{name} hardly changes its volume or flows without: formulation = "
                '"mixed" is more accurate there.'
            )
    return said


def _strength_of(flow: mechanics_schema.Flow | None) -> tuple[str, float]:
    """What a law of flow calls the stress that it needs, and that, MPa."""
    match flow:
        case mechanics_schema.Plastic(yield_stress, _):
            return "yield stress", yield_stress
        case mechanics_schema.Creep(stress):
            return "stress at which creep is told", stress
        case mechanics_schema.Viscoplastic() as law:
            return "resistance to flow", max(law.initial_resistance, law.saturation_resistance)
        case None:
            return "", 0.0


def contour_dependence(found: Mechanical) -> float | None:
    """Largest difference of G by two contours over the largest G; None without G."""
    if found.front is not None:
        largest, spread = float(found.front.values.max()), float(found.front.spread.max())
    else:
        largest = max((force.value for _, force in found.tips), default=0.0)
        spread = max((force.spread for _, force in found.tips), default=0.0)
    known = largest > (found.bar if isfinite(found.bar) else 0.0)
    return spread / largest if known else None


def notes_of_contours(found: Mechanical) -> list[str]:
    """Whether G depends on the contour of its integral."""
    share = contour_dependence(found)
    if share is None:
        return []
    limit = INDEPENDENT[found.domain.mesh.topology.dim]
    said = f"By different contours G differs by {share:.1e} of itself at most"
    if share <= limit:
        return [f"{said}: it does not depend on the contour to {limit:g}."]
    return [f"Warning: {said[0].lower()}{said[1:]}, more than {limit:g}; the error bar has that."]


def notes(case: schema.Case, found: Mechanical) -> tuple[str, ...]:
    """What the error bar is and what not, for the report."""
    said = []
    if found.flowed is not None:
        said += notes_of_flow(case, found)
    if found.growth is not None:
        said.append(NOTES_OF_GROWTH)
        if case.mechanics is not None and case.mechanics.damage is not None:
            said += [NOTES_OF_COMPRESSION] if case.mechanics.damage.split == "none" else []
    if found.front is not None:
        said.append(NOTES_OF_THE_FRONT)
    elif found.tips:
        said.append(NOTES_OF_THE_TIP)
    elif found.film is not None and found.flowed is None:
        said.append(NOTES_OF_THE_FILM)
    elif found.film is not None:
        said.append(NOTES_OF_CLOSURE)
    if not is_pressed_shut(found):
        said += notes_of_contours(found)
    if len(found.history) == 1 and (found.tips or found.film is not None):
        said.append("Only one mesh was solved on: no difference of two is in the error bar.")
    said.append(
        f"Forces balance to {found.state.balance:.0e} of their size; a run in which they do not to "
        f"{IMBALANCE:g} fails."
    )
    if is_pressed_shut(found):
        said.append(
            "The loads press the faces of the crack together and they overlap, since the crack has "
            'not the law "contact": its driving force and verdict mean nothing here.'
        )
        if case.mechanics is not None and case.mechanics.opens_slit:
            said.append("Where the crack is pressed shut, it conducts as the film around it does.")
    buckling = None if found.broken is None else found.broken.buckling
    if buckling is not None and not buckling.lasts:
        said.append(
            f"Warning: what has come off buckles at {100.0 / buckling.theta:.4g} % of this load. "
            "The numbers are those of the flat state, which does not last: no verdict is given. "
            'deflections = "large" of its layer follows it where nothing tears.'
        )
    elif buckling is not None and buckling.has_buckled:
        said.append(
            f"What has come off has buckled, at {100.0 / buckling.theta:.4g} % of this load."
        )
    if found.tips:
        said.append(
            "At the tip of a crack the stress is unbounded: its largest value grows with every "
            "refinement and means nothing by itself."
        )
    said += [*beyond_the_laws(case, found), *found.remarks]
    said += [] if case.mechanics is None else relaxed(case.mechanics)
    missing = shortfall(case, found)
    if not missing and found.growth is None and not is_closed(found) and one_mesh(case, found):
        said.append(ONE_MESH)
    if missing and found.growth is not None:
        said.append(f"The run stopped before all of the load acted: {missing}.")
    elif missing:
        said.append(f"The asked accuracy was not reached: {missing}.")
    return tuple(said)
