"""Which polygon each bound needs, by monotonicity, and where no order is known.

R falls when a contact or a conducting body grows, or a conductivity rises anywhere.
"""

from math import inf

from meshes.mesh import Arc
from solver.domain import Domain, axis_parallel, largest_chord_angle
from solver.model import Model


def better_outside(domain: Domain, model: Model, *, primal: bool) -> tuple[Arc, ...]:
    """Arcs whose polygon must enclose the circle so that the bound falls on the right side.

    The primal needs the better conductor enlarged, the dual the worse one. Outer walls and openings
    that conduct better than the film around them count as conductors; an opening in a film that
    conducts better than what fills it is the opposite.
    """
    chosen = []
    for arc in domain.built.arcs:
        conducts = arc.role == "wall" or opening_conducts(model)
        if conducts == primal:
            chosen.append(arc)
    return tuple(chosen)


def opening_conducts(model: Model) -> bool:
    """True if the opening conducts better than the film around it."""
    kappa = model.conductivity
    if "film" in kappa and "filling" in kappa:
        return kappa["filling"] >= kappa["film"]
    return _at_opening(model) <= _at_film(model)


def _at_opening(model: Model) -> float:
    """Area-specific resistance that the current meets in the opening."""
    found = [c.resistance for c in model.contacts if c.name == "window"]
    return max([*found, model.jumps.get("window", 0.0)])


def _at_film(model: Model) -> float:
    """The least that it meets in the film; infinite where no current can pass."""
    found = [c.resistance for c in model.contacts if c.name in ("film_face", "film_wall")]
    if "film" in model.jumps:
        found.append(model.jumps["film"])
    return min(found, default=inf)


def caveats(domain: Domain, model: Model) -> tuple[str, ...]:
    """What keeps the bounds from being guaranteed; empty if nothing does."""
    found = []
    if not model.exact_ends:
        found.append("The unmeshed end of the stack is approximated by a local resistance.")
    rims = [arc for arc in domain.built.arcs if arc.role == "rim"]
    film_carries = "film" in model.conductivity and "filling" not in model.conductivity
    walls = [c.resistance for c in model.contacts if c.name in ("window", "film_wall")]
    if rims and film_carries and max(walls, default=0.0) > 0.0:
        angle = max(largest_chord_angle(domain, arc) for arc in rims)
        found.append(
            "The polygon of the rim is not covered: with a contact resistance at the opening and a "
            "conducting film no order between the two is known. It moves the resistance by about "
            f"{angle**2 / 8.0:.1e} of itself."
        )
    if rims and _mixed(domain, model):
        found.append(
            "The polygon of the rim is not covered: of the film and what fills its opening one "
            "conducts better, the other has the better contact, so no order is known."
        )
    if domain.axisymmetric and not axis_parallel(domain):
        found.append(
            "Slanted faces: the map of the axisymmetric dual problem keeps only faces that are "
            "flat or upright; the others it bends, by the square of the mesh size."
        )
    return tuple(found)


def _mixed(domain: Domain, model: Model) -> bool:
    """True if a larger opening helps the current in one place and hinders it in another."""
    kappa = model.conductivity
    if "film" not in kappa or "filling" not in kappa:
        return False
    at = {contact.name: contact.resistance for contact in model.contacts}
    faces = [(at.get("window", inf), at.get("film_face", inf))]  # insulated: infinite
    for layer in kappa.keys() - {"film", "filling"}:
        pairs = [(f"{layer}|{name}", f"{name}|{layer}") for name in ("filling", "film")]
        jump = [max(model.jumps.get(name, 0.0) for name in pair) for pair in pairs]
        faces.append((jump[0], jump[1]))
    walls = {"film|filling", "filling|film"}
    if walls & model.jumps.keys():
        return True
    if kappa["filling"] == kappa["film"]:
        return any(a < b for a, b in faces) and any(a > b for a, b in faces)
    opening = kappa["filling"] > kappa["film"]
    return any(a > b if opening else a < b for a, b in faces)
