"""Which faces of the mesh stand for an electrode on the outside of an alloy or a mixed conductor.

An electrode on the outside of an alloy is its current collector. Its reaction acts where the alloy
(with the alloys bonded to it) meets conductors of ions. An electrode on the outside of a mixed
conductor exchanges electrons with it.
"""

from dataclasses import replace

from solver import schema
from solver.domain import Domain, regions_at
from solver.march_schema import BinaryElectrolyte
from solver.model import Contact, Model, ModelError
from solver.region_schema import Alloy, MixedConductor

Ionic = schema.IonicConductor | BinaryElectrolyte


def with_faces(case: schema.Case, model: Model, domain: Domain) -> Model:
    """The model with the faces of alloys and collectors of mixed conductors; collective.

    Raises:
        ModelError: An alloy without its own electrode or without a face to an electrolyte, alloys
            that differ where they are bonded, or an electrode that does not fit its region.
    """
    laws = {name: case.regions[name] for name in domain.built.regions}
    if not any(isinstance(law, Alloy | MixedConductor) for law in laws.values()):
        return model
    pairs = {name: regions_at(domain, name) for name in domain.built.interfaces}
    group = _bonded(laws, pairs)
    contacts: list[Contact] = []
    taken: set[str] = set()
    for contact in model.contacts:
        beside = regions_at(domain, contact.name)
        alloys = [name for name in beside if name in group]
        mixed = [name for name in beside if isinstance(laws[name], MixedConductor)]
        if (alloys or mixed) and len(beside) != 1:
            allowed = "one region at an electrode of an alloy or a mixed conductor"
            raise ModelError(f"boundaries.{contact.name}: {', '.join(beside)}: expected {allowed}")
        if (alloys or mixed) and isinstance(
            condition := case.boundaries[contact.name], schema.Electrode
        ):
            if condition.plating is not None or (mixed and condition.kinetics is not None):
                allowed = "no kinetics or plating on a collector of electrons, no plating on alloys"
                raise ModelError(f"boundaries.{contact.name}: expected {allowed}")
        stairs = case.programme.staircase if case.programme is not None else None
        flaw = stairs.flaw if stairs is not None else None
        if (alloys or mixed) and flaw is not None and flaw.face == contact.name:
            allowed = "an electrode of lithium: no alloy or mixed conductor behind the flaw"
            raise ModelError(f'programme.staircase.flaw.face = "{flaw.face}": expected {allowed}')
        if alloys:
            members = group[alloys[0]]
            if taken & set(members):
                raise ModelError(
                    f"boundaries.{contact.name}: expected one electrode for {', '.join(members)}"
                )
            taken |= set(members)
            contacts.append(_alloy_contact(contact, members, laws, pairs))
        else:
            contacts.append(replace(contact, electronic=bool(mixed)))
    if lone := sorted(set(group) - taken):
        allowed = "an electrode on the outside of every alloy, its current collector"
        raise ModelError(f"regions.{lone[0]}: expected {allowed}")
    return replace(model, contacts=tuple(contacts))


def _alloy_contact(
    contact: Contact,
    members: tuple[str, ...],
    laws: dict[str, schema.Region],
    pairs: dict[str, tuple[str, ...]],
) -> Contact:
    """A contact at the inner faces of its alloys."""
    faces, inner = [], set()
    for name, sides in pairs.items():
        ours = [side for side in sides if side in members]
        others = [side for side in sides if side not in members]
        if len(ours) != 1 or len(others) != 1:
            continue
        if not isinstance(laws[others[0]], Ionic):
            allowed = "a conductor of ions alone beside an alloy"
            raise ModelError(f"regions.{others[0]}: expected {allowed}")
        faces.append(name)
        inner.add(ours[0])
    if len(inner) != 1:
        found = ", ".join(sorted(inner)) or "none"
        allowed = "one of its regions at the electrolyte"
        raise ModelError(f"regions.{members[0]}: {found}: expected {allowed}")
    return replace(contact, faces=tuple(faces), alloy=inner.pop(), alloys=members)


def _bonded(
    laws: dict[str, schema.Region], pairs: dict[str, tuple[str, ...]]
) -> dict[str, tuple[str, ...]]:
    """Of every alloy the alloys that it is joined to, itself among them."""
    joined = {name: {name} for name, law in laws.items() if isinstance(law, Alloy)}
    for sides in pairs.values():
        if len(sides) != 2 or not all(side in joined for side in sides):
            continue
        one, other = (laws[side] for side in sides)
        if not isinstance(one, Alloy) or not isinstance(other, Alloy):
            continue
        if (one.site_concentration, one.equilibrium_potential) != (
            other.site_concentration, other.equilibrium_potential,
        ):  # fmt: skip
            allowed = f"the site_concentration and equilibrium_potential of {sides[0]}, beside it"
            raise ModelError(f"regions.{sides[1]}: expected {allowed}")
        whole = joined[sides[0]] | joined[sides[1]]
        for name in whole:
            joined[name] = whole
    return {name: tuple(n for n in laws if n in found) for name, found in joined.items()}
