"""Shells as thin as a box: the mesh has the volumes asked for, of them and of their cores."""

from dataclasses import replace

import numpy as np
import pytest

from meshes.lattice import quality
from meshes.layers import Layer
from meshes.micro import Body, Coat, Micro, Particles, Rods
from meshes.structure import build_structure

BOX = 0.05
BALL = Particles(
    Body(0.5, 0.5, (Layer("layer", 0.5),), BOX, "all", 1), "core", "layer", 0.15, "cubic",
    shell=Coat("shell", BOX),
)  # fmt: skip
# of 20 boxes, whose wall and top lie on planes of the lattice: it had 22 % less shell
ROD = Rods(
    Body(0.4, 0.4, (Layer("gap", 1.2),), BOX, "sides", 1), "rod", "gap", (1, 1), "square", 0.0,
    0.2, 0.0, 1.0, shell=Coat("shell", BOX),
)  # fmt: skip
ROUND = replace(ROD, body=replace(ROD.body, width=0.43, depth=0.43), cap="round")


@pytest.mark.parametrize("boxes", [1.0, 1.2])
@pytest.mark.parametrize("micro", [BALL, ROD, ROUND], ids=["ball", "rod", "round"])
def test_thin_shells_and_their_cores_have_their_volumes(micro: Micro, boxes: float):
    assert isinstance(micro, Particles | Rods)
    structure = build_structure(replace(micro, shell=Coat("shell", boxes * BOX)), ())
    asked = [part for part in structure.parts if part.asked is not None]
    assert len(asked) == 2
    for part in asked:
        assert part.fraction == pytest.approx(part.asked, rel=0.01), part.name
    assert sum(part.fraction for part in structure.parts) == pytest.approx(1.0, rel=1e-12)
    cells = np.concatenate(list(structure.mesh.regions.values()))
    gamma, volumes = quality(structure.mesh.points[cells])
    assert gamma.min() >= 0.02 and volumes.min() > 0.0
