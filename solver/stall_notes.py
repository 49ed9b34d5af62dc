"""What the report says of lithium in flaws whose pressure follows from the current.

Where the stack presses harder than lithium bears, or pulls; where the current strips; what flows
out of flaws, and by how much these open; and how to find the critical current where it is no root.
"""

from collections.abc import Iterator
from math import inf

from meshes.layers import Block, face_length
from solver import mechanics_schema, schema
from solver.critical_share import Critical
from solver.elasticity import Traction
from solver.flaws import overlapping_flaws
from solver.margins import loads
from solver.mechanics import Mechanical
from solver.mechanics_model import overpotential_to_pressure, stall_pressure
from solver.quantities import Quantity

SOFT = 0.73  # yield stress of bulk lithium, MPa: Masias et al. 2019, doi 10.1007/s10853-018-2971-3
WIDER = 0.1  # of the width of a flaw: an opening that counts


def lithium_of(case: schema.Case) -> dict[str, mechanics_schema.Lithium]:
    """The cracks and flaws that lithium fills."""
    faces = {} if case.mechanics is None else case.mechanics.faces
    return {n: face for n, face in faces.items() if isinstance(face, mechanics_schema.Lithium)}


def notes_of_stall(
    driven: schema.Case, found: Mechanical, steps: dict[str, float], critical: Critical | None
) -> tuple[str, ...]:
    """All that is to be said of a case under the pressures of its lithium.

    Args:
        driven: With the overpotentials and pressures of its flaws.
        found: Its stress.
        steps: Overpotential of every flaw, V.
        critical: The critical share of the current, beside loads that are not in proportion to it.
    """
    return (
        *yields_at_face(driven),
        *pressed_shut(driven, found),
        *stripped(driven, steps),
        *_drains(driven, found),
        *_of_critical_current(driven, steps, critical),
    )


def yields_at_face(driven: schema.Case) -> tuple[str, ...]:
    """Where the stack presses harder on lithium than that bears, or pulls at it."""
    said = []
    for name, face in lithium_of(driven).items():
        acts, limit = face.contact_pressure, face.contact_limit
        bears = face.yield_stress or SOFT
        if acts < 0.0:
            said.append(
                f"Warning: the loads pull at the lithium behind {name} with {-acts:.4g} MPa on "
                f"average: it comes off before it bears that, and adds nothing to the pressure in "
                f"{name}. That no current passes where it has come off is left out."
            )
        elif limit is not None and acts > limit:
            said.append(
                f"Warning: {acts:.4g} MPa act on the lithium behind {name}, more than its "
                f"contact_limit of {limit:.4g} MPa: it flows, and no more than that counts in "
                f"{name}."
            )
        elif limit is None and acts > bears and (face.gradient < inf or stall_pressure(face)):
            step = face.overpotential or 0.0
            also = "less what the current strips" if step < 0.0 else "beside what the current adds"
            whose = "its yield stress" if face.yield_stress else "the yield stress of bulk lithium"
            said.append(
                f"Warning: {acts:.4g} MPa act on the lithium behind {name}, more than {whose} "
                f"({bears:.4g} MPa): all of it counts in {name}, {also}, as if the "
                "lithium could not flow away at its face; contact_limit says what it bears there."
            )
    return tuple(said)


def pressed_shut(driven: schema.Case, found: Mechanical) -> Iterator[str]:
    """Flaws without lithium that the loads close."""
    names = () if driven.mechanics is None else overlapping_flaws(driven.mechanics, found)
    for name in names:
        yield (
            f"Warning: {name} is pressed shut and would conduct, but the current was solved with a "
            "gap there: the current, the pressures of lithium and the verdicts are those beside "
            "an open flaw, and what holds by them is undecided."
        )


def stripped(driven: schema.Case, steps: dict[str, float]) -> Iterator[str]:
    """Flaws from which the current strips lithium."""
    flaws = lithium_of(driven)
    for name, step in steps.items():
        if step >= 0.0:
            continue
        behind, left = flaws[name].mouth_pressure, stall_pressure(flaws[name])
        said = f"Warning: the current strips lithium at {name} (overpotential {1e3 * step:.4g} mV)"
        if behind > 0.0 and flaws[name].gradient < inf:
            yield (
                f"{said}: it stalls under {left:.4g} MPa. Where the walls hold more, lithium flows "
                f"in from the mouth, where {behind:.4g} MPa press, and keeps more than that."
            )
        elif left > 0.0:
            yield (
                f"{said}: it leaves until {left:.4g} MPa are left of the {behind:.4g} MPa with "
                "which that behind it presses, and no net current flows."
            )
        elif behind > 0.0:
            whole = -overpotential_to_pressure(step)
            yield (
                f"{said}, which only {whole:.4g} MPa behind it would balance, not "
                f"{behind:.4g} MPa: it leaves, and neither presses nor pulls."
            )
        else:
            yield f"{said}: it leaves, and neither presses nor pulls."


def acting_pressure(traction: Traction) -> float:
    """With what lithium presses where it is deepest in a flaw, MPa."""
    profile = traction.profile
    if profile is None:
        return traction.pressure
    return traction.at(max(abs(profile.tip - profile.mouth) - profile.dry, 0.0))


def acting_pressures(driven: schema.Case, found: Mechanical) -> Iterator[Quantity]:
    """Of flaws out of which lithium flows, or into which, what acts where it is deepest."""
    for name, face in lithium_of(driven).items():
        if face.gradient < inf and name in found.body.tractions:
            of = "" if name == "crack" else f".{name}"
            text = (
                "Pressure on the walls of the flaw where lithium is deepest: flaw_pressure, unless "
                "lithium flows out (or in, where it is stripped) because the walls hold no more."
            )
            acts = acting_pressure(found.body.tractions[name])
            yield Quantity(f"acting_flaw_pressure{of}", acts, "MPa", meaning=text)


def _drains(driven: schema.Case, found: Mechanical) -> Iterator[str]:
    """What is left out where lithium flows out of a flaw, or into it."""
    block = driven.geometry
    draining = {n: face for n, face in lithium_of(driven).items() if face.gradient < inf}
    for name in draining:
        traction = found.body.tractions.get(name)
        if traction is None or (acts := acting_pressure(traction)) == traction.pressure:
            continue
        if acts > traction.pressure:
            yield (
                f"Lithium flows into {name} as the current strips it there: its walls keep "
                f"{acts:.4g} MPa at its end, more than the {traction.pressure:.4g} MPa of the "
                "stall. What flows in is stripped in the flaw: this current is left out (the flaw "
                "takes up none)."
            )
            continue
        yield (
            f"Lithium flows out of {name}, whose walls hold {acts:.4g} of the "
            f"{traction.pressure:.4g} MPa of the stall. What flows out is plated in the flaw: this "
            "current is left out (the flaw takes up none)."
        )
    if len(draining) != 1 or not isinstance(block, Block):
        return
    ((name, face),) = draining.items()
    if block.flaws and len(block.flaws) > 1:
        return
    length = block.flaws[0].length if block.flaws else _length(block)
    mean, width = found.volume / length if length else 0.0, face.width or inf
    if mean > WIDER * width:
        yield (
            f"Warning: {name} opens by {1e3 * mean:.4g} nm on average, beside the width of "
            f"{1e3 * width:.4g} nm that is given: walls that far apart hold "
            f"{1.0 + mean / width:.3g} times less. The width is that of the case, not iterated."
        )


def _length(block: Block) -> float:
    crack = block.crack
    return 0.0 if crack is None else min(crack.end, face_length(block, crack.face)) - crack.start


def _of_critical_current(
    driven: schema.Case, steps: dict[str, float], critical: Critical | None
) -> Iterator[str]:
    """What the critical current rests on; why there is none, and what finds it."""
    if critical is None:
        if steps and max(steps.values()) < 0.0:
            yield (
                "critical_current_density is not told: the current strips lithium from every flaw, "
                "and the more of it, the less presses there. It is the other direction that plates."
            )
        return
    if critical.share is not None:
        yield (
            "critical_current_density rests on other loads that stay as they are while the current "
            "grows, elastic solids, and flaws that take up no net current: G is a square of the "
            "current and these loads together (from three solves). There the case was solved "
            "anew, on the last two meshes if there are two; what G differs by makes the error bar. "
            "The margin, critical_load_factor and first_to_grow are those at the given current."
        )
        return
    keys = [
        f"boundaries.{name}.{key}"
        for name, law in driven.boundaries.items()
        if isinstance(law, schema.Electrode)
        for key, value in (("current_density", law.current_density), ("current", law.current))
        if value
    ]
    key = keys[0] if keys else "boundaries.NAME.potential"
    yield (
        f"critical_current_density is not told: {critical.why}. ./liface solve-for CASE {key} "
        "--until margin=1 finds it, if there is one."
    )


def proportional(case: schema.Case, steps: dict[str, float]) -> bool:
    """Whether all that loads the body grows with the current."""
    if case.mechanics is None or any(name not in steps for name in lithium_of(case)):
        return False
    return all(name == "critical_overpotential" for name, _ in loads(case.mechanics))
