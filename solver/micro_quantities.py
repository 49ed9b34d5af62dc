"""What the mesh of a microstructure has, as quantities: fractions, pieces, areas of interfaces."""

from meshes.mesh import BuiltMesh
from solver.quantities import Quantity


def structure_quantities(built: BuiltMesh) -> list[Quantity]:
    """Fractions of the cell, pieces and percolation of every region, areas between regions."""
    found: list[Quantity] = []
    for part in built.parts:
        asked = "" if part.asked is None else f" Asked for: {part.asked:.6g}."
        text = f"Share of the cell that the mesh has of this region.{asked}"
        found.append(Quantity(f"volume_fraction.{part.name}", part.fraction, "1", meaning=text))
        text = "Pieces of this region that no facet connects, periodic sides counted."
        found.append(Quantity(f"pieces.{part.name}", float(part.islands), "1", meaning=text))
        text = "1 if one piece reaches from the bottom to the top of the layers with features"
        text += " (where these are images of each other: comes back to itself a period higher)."
        found.append(Quantity(f"percolates.{part.name}", float(part.percolates), "1", meaning=text))
    unit = "um" if built.dimension == "plane" else "um^2"
    text = "Area between two regions in the mesh (a plane section: length)."
    areas = {facet.name: facet.computed for facet in built.report.facets}
    names = built.interfaces if built.parts else ()
    found += [Quantity(f"interface_area.{n}", areas[n], unit, meaning=text) for n in names]
    return found
