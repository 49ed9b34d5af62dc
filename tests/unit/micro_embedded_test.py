"""Particles that lie in a face: as deep as asked for, with the areas of caps."""

import math
from dataclasses import replace

import numpy as np
import pytest

from meshes.faults import faults
from meshes.layers import Layer
from meshes.micro import Body, Coat, Particles
from meshes.particles import balls, faces_of_balls
from meshes.structure import build_structure

STACK = (Layer("lithium", 0.4), Layer("polymer", 0.6))
HALF = Particles(
    Body(1.5, 1.5, STACK, 0.06, "sides", 5), "ball", "polymer", 0.15, diameter=0.3, deviation=0.03,
    gap=0.06, place="bottom", embedded=0.15,
)  # fmt: skip
DISCS = Particles(
    Body(4.0, 0.0, (Layer("polymer", 0.6), Layer("lithium", 0.4)), 0.02, "sides", 5), "ball",
    "polymer", 0.12, diameter=0.3, deviation=0.02, gap=0.06, place="top", embedded=0.1,
    shell=Coat("coat", 0.05),
)  # fmt: skip


def nearest(placed, periods):
    """Least distance of two surfaces."""
    away = placed.centres[:, None] - placed.centres[None]
    for axis, period in enumerate(periods):
        if period:
            away[..., axis] -= period * np.round(away[..., axis] / period)
    far = np.linalg.norm(away, axis=2) - placed.radii[:, None] - placed.radii[None]
    return (far + 9.0 * np.eye(len(far))).min()


@pytest.mark.parametrize("micro", [HALF, DISCS], ids=["balls", "coated discs"])
def test_particles_lie_as_deep_as_asked_for(micro):
    assert faults(micro) == []
    placed, shell = balls(micro), 0.0 if micro.shell is None else micro.shell.thickness
    low = placed.centres[:, -1] - placed.radii - shell
    high = placed.centres[:, -1] + placed.radii + shell
    if micro.place == "bottom":
        assert low.min() == pytest.approx(0.4 - 0.15, abs=1e-12)
        assert high.max() <= 1.0
    else:
        assert high.max() == pytest.approx(0.6 + 0.1, abs=1e-12)
        assert low.min() >= 0.0
    assert nearest(placed, micro.body.periods) >= 0.06 + 2 * shell - 1e-3
    again = balls(replace(micro, body=replace(micro.body, resolution=0.05)))
    assert np.array_equal(again.centres, placed.centres)


def test_areas_of_caps_are_those_of_points_on_spheres():
    placed = balls(HALF)
    points = np.random.default_rng(1).normal(size=(100_000, 3))
    points /= np.linalg.norm(points, axis=1)[:, None]
    z = placed.centres[:, None, 2] + placed.radii[:, None] * points[None, :, 2]
    area = 4 * math.pi * placed.radii**2
    cap = float((area * (z < 0.4).mean(axis=1)).sum())
    found = {frozenset(face[:2]): face[2] for face in faces_of_balls(HALF, placed, 0.0)}
    assert found[frozenset(("ball", "lithium"))] == pytest.approx(cap, rel=0.01)
    assert sum(found[frozenset(("ball", n))] for n in ("lithium", "polymer")) == pytest.approx(
        area.sum(), rel=1e-12
    )


@pytest.mark.parametrize("micro", [HALF, DISCS], ids=["balls", "coated discs"])
def test_the_mesh_has_the_areas_and_volumes_of_what_is_embedded(micro):
    built = build_structure(micro, ())
    parts = {part.name: part for part in built.parts}
    assert parts["ball"].fraction == pytest.approx(parts["ball"].asked, rel=5e-3)
    assert sum(part.fraction for part in built.parts) == pytest.approx(1.0, abs=1e-12)
    outer = "ball" if micro.shell is None else "coat"
    for other in ("lithium", "polymer"):
        name = next(n for n in built.areas if set(n.split("|")) == {outer, other})
        sides = np.diff(built.mesh.points[built.mesh.interfaces[name]], axis=1)
        normals = np.cross(sides[:, 0], sides[:, -1]) if sides.shape[1] == 2 else 2.0 * sides[:, 0]
        area = 0.5 * np.linalg.norm(normals, axis=1).sum()
        assert area == pytest.approx(built.areas[name], rel=0.05)
    assert "other than asked for" not in built.method
    # without the lithium its surface is that of both
    bare = build_structure(micro, ("lithium",))
    pair = {"lithium|polymer", "polymer|lithium", f"{outer}|lithium"}
    both = sum(area for name, area in built.areas.items() if name in pair)
    assert bare.areas["lithium_surface"] == pytest.approx(both, rel=1e-12)


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ({"place": "anywhere"}, "place"),
        ({"place": "top"}, "embedded"),  # nothing above
        ({"embedded": 0.03}, "embedded"),  # less than a box
        ({"embedded": 0.28}, "embedded"),  # all of a particle
        ({"body": replace(HALF.body, layers=(Layer("lithium", 0.2), STACK[1]))}, "embedded"),
        ({"gap": 0.0, "contact": "touching"}, "contact"),
    ],
)
def test_what_cannot_be_embedded_is_named(change, key):
    assert [fault.key for fault in faults(replace(HALF, **change))] == [key]


@pytest.mark.parametrize("place", ["bottom", "top"])
def test_a_cubic_one_lies_where_it_is_asked_for(place):
    body = Body(1.0, 1.0, (Layer("matrix", 1.0),), 0.1, "sides", 0)
    placed = balls(Particles(body, "ball", "matrix", 0.1, "cubic", place=place))
    radius = (0.3 / (4 * math.pi)) ** (1 / 3)
    assert placed.centres[0, 2] == pytest.approx(radius if place == "bottom" else 1 - radius)
    touching = Particles(body, "ball", "matrix", 0.1, "cubic", contact="touching")
    assert [fault.key for fault in faults(touching)] == ["contact"]
