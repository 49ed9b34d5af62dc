"""From a validated case and a built mesh to the numbers of the transport problem.

Units: conductivity pA/(V um), area-specific resistance V um^2/pA, potential V, current pA.
"""

from dataclasses import dataclass, replace
from math import inf

from meshes.geometry import Cell
from meshes.mesh import BuiltMesh
from solver import schema
from solver.electrolyte import conductivity_at_start
from solver.march_schema import BinaryElectrolyte, Programme
from solver.region_schema import MixedConductor


class ModelError(ValueError):
    """A case that is valid by itself but does not make a problem on this mesh."""


@dataclass(frozen=True)
class Contact:
    """A face through which current enters.

    Attributes:
        name: Boundary name.
        terminal: Index of the set of contacts that are held at one potential.
        resistance: Area-specific resistance between electrode and the domain; 0 is ideal contact.
        series: Area-specific resistance of the part of the stack that is not meshed.
        faces: Interfaces at which the current enters instead, where the electrode is on the outside
            of an alloy; empty: at the boundary itself.
        alloy: The region whose lithium reacts there.
        alloys: That and the alloys that it is bonded to.
        electronic: Whether electrons enter a mixed conductor.
        shift: Of its potential above that of the terminal, along the face; None: there is none.
    """

    name: str
    terminal: int
    resistance: float
    series: float
    faces: tuple[str, ...] = ()
    alloy: str = ""
    alloys: tuple[str, ...] = ()
    electronic: bool = False
    shift: schema.WallShift | None = None


@dataclass(frozen=True)
class Terminal:
    """Contacts at one potential, driven by a potential (V) or by a total current (pA)."""

    potential: float | None
    current: float | None


@dataclass(frozen=True)
class Model:
    """Everything the transport problem needs, by name.

    Attributes:
        conductivity: Ionic conductivity of every meshed region.
        contacts: Electrode faces.
        terminals: One entry per set of contacts at one potential.
        far: Name of the boundary behind which a half space goes on, if any.
        far_terminal: Index of the terminal at infinity.
        far_layers: (region, height of its upper face in um, conductivity) of the layers, upwards;
            the last one has infinite height.
        jumps: Area-specific resistance of every interface with a jump; infinite means insulating.
        exact_ends: False if an unmeshed end of the stack is only approximated, so that bounds are
            estimates.
    """

    conductivity: dict[str, float]
    contacts: tuple[Contact, ...]
    terminals: tuple[Terminal, ...]
    far: str | None
    far_terminal: int
    far_layers: tuple[tuple[str, float, float], ...]
    jumps: dict[str, float]
    exact_ends: bool = True

    @property
    def has_resistance(self) -> bool:
        """Whether all currents are in proportion to the potential between two terminals."""
        return len(self.terminals) == 2 and all(c.shift is None for c in self.contacts)


def _film_resistance(case: schema.Case) -> float:
    """Thickness over conductivity of a film that is drawn without thickness; 0 if it is drawn."""
    match case.geometry:
        case Cell(film=film) if film is not None and film.model == "interface":
            match case.regions.get("film"):
                case schema.IonicConductor(conductivity=conductivity):
                    return film.thickness / conductivity
                case schema.Insulator():
                    return inf
    return 0.0


def build_model(case: schema.Case, built: BuiltMesh) -> Model:
    """Collect laws and conditions by name.

    Raises:
        ModelError: Fewer than two terminals, or nothing that fixes the potential.
    """
    conductivity = {
        name: law.conductivity
        for name, law in case.regions.items()
        if isinstance(law, schema.IonicConductor) and name in built.regions
    }
    temperature = (case.programme or Programme()).temperature
    for name, region in case.regions.items():
        if isinstance(region, BinaryElectrolyte) and name in built.regions:
            conductivity[name] = conductivity_at_start(region, temperature)
        if isinstance(region, MixedConductor) and name in built.regions:
            conductivity[name] = region.ionic_conductivity
    film = _film_resistance(case)
    contacts: list[Contact] = []
    terminals: list[Terminal] = []
    for name, law in case.boundaries.items():
        if not isinstance(law, schema.Electrode) or name not in built.facets:
            continue
        resistance = law.area_specific_resistance + (film if name == "film_face" else 0.0)
        if resistance == inf:
            continue
        series = _series(case, built, conductivity, name)
        current = law.current
        if current is None and law.current_density is not None:
            current = law.current_density * built.cell_area
        terminal = Terminal(law.potential, current)
        # a contact behind its own unmeshed layer is at a potential of its own
        if terminal in terminals and series == 0.0 and current is None:
            index = terminals.index(terminal)
        else:
            index = len(terminals)
            terminals.append(terminal)
        if law.shift is not None and resistance == 0.0:
            raise ModelError(
                f"boundaries.{name}: lithium under pressure that varies along an ideal contact: "
                "expected an area_specific_resistance above 0"
            )
        contacts.append(Contact(name, index, resistance, series, shift=law.shift))
    far = next((n for n, law in case.boundaries.items() if isinstance(law, schema.HalfSpace)), None)
    far_terminal = len(terminals)
    if far is not None:
        terminals.append(Terminal(0.0, None))
    jumps = {
        name: law.area_specific_resistance if isinstance(law, schema.Resistive) else inf
        for name, law in case.interfaces.items()
        if isinstance(law, (schema.Resistive, schema.Insulating))
        # features may not touch what they could touch
        and (name in built.interfaces or not built.parts)
    }
    if film > 0.0 and "film" in built.interfaces:
        jumps["film"] = film + jumps.get("film", 0.0)
    sides = case.boundaries.get("sides")
    if isinstance(case.geometry, Cell) and isinstance(sides, schema.Electrode | schema.HalfSpace):
        raise ModelError("boundaries.sides: these are planes of symmetry: expected no condition")
    for name, region in case.regions.items():
        surface = f"{name}_surface"
        if isinstance(region, schema.Equipotential) and surface in built.facets:
            if surface not in case.boundaries:
                raise ModelError(
                    f"boundaries.{surface}: no condition on the surface of the metal "
                    f'{name!r}: expected an electrode with a potential, or current = "0 A" for a '
                    "floating one"
                )
    if not built.joined and {contact.name for contact in contacts} == {"bottom", "top"}:
        raise ModelError(
            "regions: no path from bottom to top through conductors, so that no current flows: "
            f"{', '.join(conductivity)} lies in pieces that insulators keep apart"
        )
    if len(terminals) < 2:
        raise ModelError("boundaries: fewer than two electrodes at different potential")
    if all(terminal.potential is None for terminal in terminals):
        raise ModelError("boundaries: no electrode has a potential")
    layers = _far_layers(case, conductivity) if far is not None else ()
    network = len(terminals) > 2 or any(contact.shift is not None for contact in contacts)
    cut = network and any(contact.series > 0.0 for contact in contacts)
    if cut:  # no two electrodes alone: the unmeshed end of the stack becomes a local resistance
        contacts = [replace(c, resistance=c.resistance + c.series, series=0.0) for c in contacts]
    ends = tuple(contacts), tuple(terminals)
    return Model(conductivity, *ends, far, far_terminal, layers, jumps, not cut)


def _series(
    case: schema.Case, built: BuiltMesh, conductivity: dict[str, float], boundary: str
) -> float:
    """Resistance of the unmeshed end of the stack behind `top` or `bottom`."""
    geometry = case.geometry
    if not isinstance(geometry, Cell):
        return 0.0
    layers = {"top": geometry.above, "bottom": geometry.below}.get(boundary, ())
    if not layers:
        return 0.0
    length = built.unmeshed.get(layers[-1].name, 0.0)
    return length / conductivity[layers[-1].name] if length else 0.0


def _far_layers(
    case: schema.Case, conductivity: dict[str, float]
) -> tuple[tuple[str, float, float], ...]:
    if not isinstance(case.geometry, Cell):
        raise ModelError("a half space needs one of the built-in geometries")
    layers: list[tuple[str, float, float]] = []
    height = 0.0
    for layer in case.geometry.above:
        height += layer.thickness
        layers.append((layer.name, height, conductivity[layer.name]))
    return (*layers[:-1], (layers[-1][0], inf, layers[-1][2]))
