"""Microstructures for the tests."""

from pathlib import Path
from typing import Any

import gmsh
import numpy as np

from meshes.build import build, gmsh_model
from meshes.checks import check_conformity, node_coordinates, simplices
from meshes.mesh import BuiltMesh
from meshes.micro import Micro
from meshes.sizing import default_size

LAWS = """
[numerics]
refinement = "none"
[output]
pictures = false
"""


def built(micro: Micro, folder: Path, omit: tuple[str, ...] = ()) -> BuiltMesh:
    """The mesh, whose cells and facets fit together and have one name each."""
    mesh = build(micro, default_size(micro, 1e-3), omit, folder)
    with gmsh_model():
        gmsh.merge(str(mesh.path))
        groups = {}
        for dim, tag in gmsh.model.getPhysicalGroups():
            name = gmsh.model.getPhysicalName(dim, tag)
            entities = gmsh.model.getEntitiesForPhysicalGroup(dim, tag)
            groups[name] = simplices([(dim, int(entity)) for entity in entities])[1]
    check_conformity(
        {name: groups[name] for name in mesh.regions},
        {name: groups[name] for name in mesh.boundaries},
        {name: groups[name] for name in mesh.interfaces},
    )
    return mesh


def face_nodes(mesh: BuiltMesh, name: str) -> Any:
    """Corners of the facets of a face as a set of sorted coordinates."""
    with gmsh_model():
        gmsh.merge(str(mesh.path))
        entities = gmsh.model.getEntitiesForPhysicalGroup(
            2 if mesh.dimension == "3d" else 1, mesh.facets[name]
        )
        dim = 2 if mesh.dimension == "3d" else 1
        nodes = simplices([(dim, int(entity)) for entity in entities])[1]
        points = node_coordinates()
    return points[nodes]


def same_facets(one: Any, other: Any, way: tuple[float, float, float]) -> bool:
    """Whether facets moved by a vector are those of another face, to the last digits."""

    def key(facets: Any) -> Any:
        centre = facets.mean(axis=1)
        order = np.lexsort(np.round(centre, 9).T)
        return np.sort(facets[order].reshape(len(facets), -1), axis=1)

    return len(one) == len(other) and np.allclose(key(one + np.array(way)), key(other), atol=1e-12)
