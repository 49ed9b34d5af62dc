"""Shells as thin as a box: the mesh has the volumes asked for, of them and of their cores."""

import math
import re
from dataclasses import replace

import numpy as np
import pytest

from meshes.faults import faults
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


# the array of a paper: boxes of 0.1 um, 0.2 um between rods of 0.3 um
ARRAY = Rods(
    Body(1.0, 1.0, (Layer("gap", 1.4),), 0.1, "none", 4), "rod", "gap", (2, 2), "square", 0.0,
    0.3, 0.0, 1.1, shell=Coat("shell", 0.0, 0.02),
)  # fmt: skip


def test_a_share_that_boxes_cannot_have_names_the_resolution_that_can():
    (found,) = faults(ARRAY)
    # n pi ((r + t)^2 (l + t) - r^2 l) = 0.02 of 1.4 um^3
    needed = float(re.search(r"at most ([0-9.]+) um", found.expected)[1])
    volume = 4.0 * np.pi * ((0.15 + needed) ** 2 * (1.1 + needed) - 0.15**2 * 1.1)
    assert found.key == "shell.volume_fraction"
    assert volume / 1.4 == pytest.approx(0.02, rel=5e-3)
    assert 'or mesher = "conformal"' in found.expected and "from" not in found.expected
    fine = replace(ARRAY.body, layers=(Layer("gap", 1.15),), resolution=0.99 * needed)
    share = 0.02 * 1.4 / 1.15  # the same shells in fewer boxes
    assert faults(replace(ARRAY, body=fine, shell=Coat("shell", 0.0, share))) == []
    # between rods at 0.5 um: shells of 50 nm are the most where one box is left
    wide = replace(ARRAY, body=replace(ARRAY.body, resolution=0.06))
    (found,) = faults(wide)
    low, high = map(float, re.findall(r"([0-9.]+) \((?:one)", found.expected))
    assert 0.02 < low < high
    for share in (1.01 * low, 0.99 * high):
        assert faults(replace(wide, shell=Coat("shell", 0.0, share))) == []
    for share in (0.99 * low, 1.01 * high):
        assert len(faults(replace(wide, shell=Coat("shell", 0.0, share)))) == 1
    (found,) = faults(replace(ARRAY, shell=Coat("shell", 0.0, 0.6)))
    # 4 pi (0.25^2 1.2 - 0.15^2 1.1)/1.4, without any gap
    assert found.expected.startswith("less than 0.451")


def test_a_conformal_mesh_needs_no_box_across_a_shell():
    cut = replace(ARRAY, body=replace(ARRAY.body, mesher="conformal"))
    assert faults(cut) == []
    assert faults(replace(cut, shell=Coat("shell", 0.01))) == []
    film = replace(cut, deposit=Coat("film", 0.1))  # which only the lattice meshes
    assert [fault.key for fault in faults(film)] == ["shell.volume_fraction"]


def test_a_conformal_shell_of_a_third_of_a_box_has_its_share_and_is_told():
    body = Body(0.5, 0.5, (Layer("gap", 0.6),), 0.1, "none", 4, "conformal")
    one = replace(ARRAY, body=body, count=(1, 1), length=0.4, shell=Coat("shell", 0.0, 0.1))
    structure = build_structure(one, ())
    assert structure.method.startswith("conformal") and "of a box thick" in structure.method
    for part, share in zip(structure.parts, (math.pi * 0.15**2 * 0.4 / 0.15, 0.1), strict=False):
        assert part.fraction == pytest.approx(share, rel=0.01), part.name
