"""What the mesh of a microstructure has, as quantities: fractions, pieces, areas of interfaces."""

from meshes.mesh import BuiltMesh, Made
from solver.quantities import Quantity


def structure_quantities(built: BuiltMesh) -> list[Quantity]:
    """Fractions of the cell, pieces and percolation of every region, areas between regions."""
    found: list[Quantity] = []
    for part in built.parts:
        asked = "" if part.asked is None else f" Asked for: {part.asked:.6g}."
        text = f"Share of the cell that the mesh has of this region.{asked}"
        found.append(Quantity(f"volume_fraction.{part.name}", part.fraction, "1", meaning=text))
        made = part.made
        asked = "" if made is None or made.pieces is None else f" Asked for: {made.pieces}."
        text = f"Pieces of this region that no facet connects, periodic sides counted.{asked}"
        found.append(Quantity(f"pieces.{part.name}", float(part.islands), "1", meaning=text))
        text = "1 if one piece reaches from the bottom to the top of the layers with features"
        text += " (where these are images of each other: comes back to itself a period higher)."
        if made is not None and made.percolates is not None:
            text += f" Asked for: {int(made.percolates)}."
        found.append(Quantity(f"percolates.{part.name}", float(part.percolates), "1", meaning=text))
        if made is not None:
            found += _sizes(part.name, made)
    unit = "um" if built.dimension == "plane" else "um^2"
    text = "Area between two regions in the mesh (a plane section: length), periodic sides counted."
    between = built.interfaces if built.parts else ()
    inside = {facet.name: facet for facet in built.report.facets if facet.name in between}
    for name in (*inside, *(name for name in built.across if name not in inside)):
        facet, area = inside.get(name), built.across.get(name, 0.0)
        known = ""
        if facet is not None:
            area += facet.computed
            known = "" if facet.exact is None else f" Of the features as placed: {facet.exact:.6g}."
        found.append(Quantity(f"interface_area.{name}", area, unit, meaning=f"{text}{known}"))
    return found


def _sizes(name: str, made: Made) -> list[Quantity]:
    """Number and diameters of the features that were placed."""
    text = "Features of this region that were placed."
    found = [Quantity(f"features.{name}", float(made.count), "1", meaning=text)]
    asked = made.asked_diameter, made.asked_deviation
    for head, value, wanted, what in (
        ("mean_diameter", made.diameter, asked[0], "Mean diameter"),
        ("diameter_deviation", made.deviation, asked[1], "Standard deviation of the diameters"),
    ):
        text = f"{what} of the features as placed, by number."
        text += "" if wanted is None else f" Asked for: {wanted:.6g}."
        found.append(Quantity(f"{head}.{name}", value, "um", meaning=text))
    return found
