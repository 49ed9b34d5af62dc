"""Built meshes: names, measures by hand, grading, quality, reproducibility."""

import itertools
import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import gmsh
import numpy as np
import pytest
from numpy.typing import NDArray

from meshes import build as building
from meshes import checks
from meshes.build import build
from meshes.faults import faults
from meshes.geometry import (
    Cell,
    Cross,
    Film,
    NoOpening,
    Opening,
    Round,
    Shape,
    Slit,
    TwoDiscs,
    dimension,
)
from meshes.layers import Layer
from meshes.mesh import BuiltMesh, MeshError, SliverError
from meshes.names import names
from meshes.section import Model
from meshes.sizing import MeshSize, default_size, feature

PELLET = (Layer("electrolyte", 750.0),)
LITHIUM = (Layer("lithium", 3.0),)
LAYER, INTERFACE = Film(0.5, "layer"), Film(0.05, "interface")
STRIP = Cell("strip", 10.0, Film(0.05, "layer"), Slit(1.48), "metal", PELLET, (), None)
SQUARE = replace(STRIP, shape="square", opening=Round(1.5))
CROSS = replace(STRIP, shape="square", opening=Cross(0.8), filling="electrolyte")

OPENINGS: dict[Shape, tuple[Opening, ...]] = {
    "strip": (NoOpening(), Slit(1.5)),
    "tube": (NoOpening(), Round(1.5)),
    "round": (NoOpening(), Round(1.5)),
    "square": (NoOpening(), Slit(1.5), Round(1.5), Cross(1.5)),
    "hexagon": (NoOpening(), Round(1.5), Cross(1.5)),
    "half_space": (Round(1.5),),
    "half_space_3d": (Round(1.5), TwoDiscs(1.0, 3.0)),
}
COMBINATIONS = [
    Cell(shape, 10.0, film, opening, filling, PELLET, below, height)
    for shape, openings in OPENINGS.items()
    for opening in openings
    for film in (LAYER, INTERFACE)
    for filling in ("metal", "electrolyte")
    for below in ((), LITHIUM)
    for height in (None if shape.startswith("half") else 5.0,)
    if not (film is INTERFACE and filling == "electrolyte")  # the same as with metal
]


@contextmanager
def opened(built: BuiltMesh) -> Iterator[None]:
    """The written file in Gmsh."""
    gmsh.initialize([], readConfigFiles=False, interruptible=False)
    gmsh.option.setNumber("General.Terminal", 0)
    try:
        gmsh.open(str(built.path))
        yield
    finally:
        gmsh.finalize()


def coarse(cell: Cell) -> MeshSize:
    length = feature(cell)
    return MeshSize(length / 5.0, 0.6, 2.0)


def cells_of(built: BuiltMesh) -> tuple[NDArray[np.float64], ...]:
    """Centroids, shortest and longest edges of all cells of a file."""
    with opened(built):
        kind, dim = (4, 3) if built.dimension == "3d" else (2, 2)
        tags, points, _ = gmsh.model.mesh.getNodes()
        place = np.zeros((int(max(tags)) + 1, 3))
        place[tags.astype(int)] = points.reshape(-1, 3)
        _, nodes = gmsh.model.mesh.getElementsByType(kind)
    corners = place[nodes.astype(int).reshape(-1, dim + 1)]
    edges = [
        np.linalg.norm(corners[:, i] - corners[:, j], axis=1)
        for i, j in itertools.combinations(range(dim + 1), 2)
    ]
    return corners.mean(axis=1), np.min(edges, axis=0), np.max(edges, axis=0)


def measured(built: BuiltMesh) -> dict[str, float]:
    return {m.name: m.computed for m in (*built.report.regions, *built.report.facets)}


def name_of(cell: Cell) -> str:
    film = cell.film.model if cell.film else "none"
    kind = type(cell.opening).__name__
    return f"{cell.shape}-{kind}-{film}-{cell.filling}-{len(cell.below)}"


@pytest.mark.parametrize("cell", [c for c in COMBINATIONS if not faults(c)], ids=name_of)
def test_names_are_those_of_the_file(cell: Cell, tmp_path: Path) -> None:
    built = build(cell, coarse(cell), (), tmp_path)
    expected = names(cell)
    assert set(built.regions) == set(expected.regions)
    assert set(built.facets) == {*expected.boundaries, *expected.interfaces}
    with opened(built):
        groups = {
            gmsh.model.getPhysicalName(dim, tag): (dim, tag)
            for dim, tag in gmsh.model.getPhysicalGroups()
        }
    top = 3 if dimension(cell) == "3d" else 2
    assert groups == {
        **{name: (top, tag) for name, tag in built.regions.items()},
        **{name: (top - 1, tag) for name, tag in built.facets.items()},
    }
    assert len(set(built.regions.values()) | set(built.facets.values())) == len(groups)


def test_combinations_cover_every_shape() -> None:
    possible = [cell for cell in COMBINATIONS if not faults(cell)]
    assert {cell.shape for cell in possible} == set(OPENINGS)
    assert len(possible) > 40


def test_strip_by_hand(tmp_path: Path) -> None:
    cell = replace(STRIP, filling="electrolyte", below=LITHIUM)
    found = measured(build(cell, default_size(cell, 1e-3), (), tmp_path))
    assert found == pytest.approx(
        {
            "lithium": 5.0 * 3.0,
            "film": (5.0 - 0.74) * 0.05,
            "filling": 0.74 * 0.05,
            "electrolyte": 5.0 * 25.0,
            "bottom": 5.0,
            "top": 5.0,
            "sides": 2.0 * 28.05,
            "lithium|film": 4.26,
            "lithium|filling": 0.74,
            "film|electrolyte": 4.26,
            "filling|electrolyte": 0.74,
            "film|filling": 0.05,
        },
        rel=1e-9,
    )


def test_tube_by_hand(tmp_path: Path) -> None:
    cell = replace(STRIP, shape="tube", opening=Round(1.5))
    found = measured(build(cell, default_size(cell, 1e-3), (), tmp_path))
    assert found == pytest.approx(
        {
            "film": math.pi * (25.0 - 2.25) * 0.05,
            "electrolyte": math.pi * 25.0 * 25.0,
            "top": math.pi * 25.0,
            "window": math.pi * 2.25,
            "film_face": math.pi * (25.0 - 2.25),
            "film_wall": 2.0 * math.pi * 1.5 * 0.05,
            "film|electrolyte": math.pi * (25.0 - 2.25),
            "sides": 2.0 * math.pi * 5.0 * 25.05,
        },
        rel=1e-9,
    )


@pytest.mark.parametrize("film", [LAYER, INTERFACE])
def test_quarter_of_a_square_with_a_round_hole_by_hand(film: Film, tmp_path: Path) -> None:
    cell = replace(SQUARE, film=film, filling="electrolyte")
    built = build(cell, MeshSize(0.1, 0.5, 2.0), (), tmp_path)
    (arc,) = built.arcs
    assert (arc.radius, arc.centre, arc.role) == (1.5, (0.0, 0.0), "rim")
    chords = math.pi / 2.0 / arc.max_angle  # of the quarter
    assert chords == pytest.approx(round(chords), rel=1e-9)
    opening = 0.5 * 1.5**2 * math.sin(arc.max_angle) * chords
    found = measured(built)
    assert found["electrolyte"] == pytest.approx(25.0 * 25.0, rel=1e-9)
    assert found["window"] == pytest.approx(opening, rel=1e-9)
    assert found["film_face"] == pytest.approx(25.0 - opening, rel=1e-9)
    thickness = film.thickness if film is LAYER else 0.0
    assert (arc.z_min, arc.z_max) == (-thickness, 0.0)
    assert found["sides"] == pytest.approx(4.0 * 5.0 * (25.0 + thickness), rel=1e-9)
    if film is LAYER:
        chord = 2.0 * 1.5 * math.sin(arc.max_angle / 2.0)
        assert found["film|filling"] == pytest.approx(chords * chord * thickness, rel=1e-9)
        assert found["film"] == pytest.approx((25.0 - opening) * thickness, rel=1e-9)
        assert found["filling"] == pytest.approx(opening * thickness, rel=1e-9)


def test_round_rim_has_its_vertices_on_the_circle(tmp_path: Path) -> None:
    built = build(replace(SQUARE, film=INTERFACE), MeshSize(0.1, 0.5, 2.0), (), tmp_path)
    with opened(built):
        entities = gmsh.model.getEntitiesForPhysicalGroup(2, built.facets["window"])
        points = np.concatenate(
            [gmsh.model.mesh.getNodes(2, tag, includeBoundary=True)[1] for tag in entities]
        ).reshape(-1, 3)
    radius = np.hypot(points[:, 0], points[:, 1])
    on_rim = radius > 1.499
    assert radius[on_rim] == pytest.approx(1.5, rel=1e-14)
    angles = np.unique(np.round(np.arctan2(points[on_rim, 1], points[on_rim, 0]), 10))
    assert np.diff(angles).max() == pytest.approx(built.arcs[0].max_angle, rel=1e-6)


def test_cross_in_a_square_by_hand(tmp_path: Path) -> None:
    built = build(CROSS, MeshSize(0.08, 0.6, 2.0), (), tmp_path)
    found = measured(built)
    island = 4.6**2  # of the quarter: half of 10 - 0.8
    assert found["film"] == pytest.approx(island * 0.05, rel=1e-9)
    assert found["filling"] == pytest.approx((25.0 - island) * 0.05, rel=1e-9)
    assert found["window"] == pytest.approx(25.0 - island, rel=1e-9)
    assert found["film|filling"] == pytest.approx(2.0 * 4.6 * 0.05, rel=1e-9)
    assert built.open_area == pytest.approx(4.0 * found["window"])
    assert built.cell_area == pytest.approx(4.0 * found["top"])


def test_cross_in_a_hexagon_by_hand(tmp_path: Path) -> None:
    cell = replace(CROSS, shape="hexagon")
    built = build(cell, MeshSize(0.08, 0.6, 2.0), (), tmp_path)
    found = measured(built)
    whole = math.sqrt(3.0) / 2.0 * 100.0
    assert 12.0 * found["top"] == pytest.approx(whole, rel=1e-9)
    assert 12.0 * found["film"] == pytest.approx(whole * 0.92**2 * 0.05, rel=1e-9)
    side = 9.2 / math.sqrt(3.0)  # of the hexagonal island
    assert 12.0 * found["film|filling"] == pytest.approx(6.0 * side * 0.05, rel=1e-9)


def test_round_shape_by_hand(tmp_path: Path) -> None:
    cell = replace(SQUARE, shape="round", film=INTERFACE)
    built = build(cell, MeshSize(0.1, 0.5, 2.0), (), tmp_path)
    wall = next(arc for arc in built.arcs if arc.role == "wall")
    chords = round(math.pi / 2.0 / wall.max_angle)
    top = 0.5 * 25.0 * math.sin(wall.max_angle) * chords
    assert measured(built)["top"] == pytest.approx(top, rel=1e-9)
    assert measured(built)["electrolyte"] == pytest.approx(top * 25.0, rel=1e-9)
    assert built.cell_area == pytest.approx(math.pi * 25.0)
    assert 4.0 * top == pytest.approx(built.cell_area, rel=wall.max_angle**2 / 6.0)


def test_two_discs_by_hand(tmp_path: Path) -> None:
    cell = Cell(
        "half_space_3d", 40.0, INTERFACE, TwoDiscs(1.0, 3.0), "metal",
        (Layer("electrolyte", math.inf),), (), None,
    )  # fmt: skip
    built = build(cell, MeshSize(0.1, 0.5, 4.0), (), tmp_path)
    found = measured(built)
    angle = built.arcs[0].max_angle
    assert found["electrolyte"] == pytest.approx(8000.0)
    assert found["far"] == pytest.approx(3.0 * 400.0)
    assert found["sides"] == pytest.approx(2.0 * 400.0)
    assert found["window"] == pytest.approx(math.pi / angle * math.sin(angle) / 2.0, rel=1e-9)
    assert built.arcs[0].centre == (1.5, 0.0)


@pytest.mark.parametrize("cell", [STRIP, replace(CROSS, film=LAYER)], ids=name_of)
def test_omitted_film(cell: Cell, tmp_path: Path) -> None:
    size = replace(coarse(cell), edge=0.1)
    whole = measured(build(cell, size, (), tmp_path))
    built = build(cell, size, ("film",), tmp_path)
    found = measured(built)
    assert "film" not in built.regions
    assert found["film_surface"] == pytest.approx(
        whole["film|electrolyte"] + whole.get("film|filling", 0.0), rel=1e-9
    )
    assert set(built.boundaries) == set(names(cell, ("film",)).boundaries)


def test_omit_is_checked(tmp_path: Path) -> None:
    with pytest.raises(MeshError, match="no region flim; one of film, electrolyte"):
        build(STRIP, coarse(STRIP), ("flim",), tmp_path)
    with pytest.raises(MeshError, match="no region is left"):
        build(STRIP, coarse(STRIP), ("film", "electrolyte"), tmp_path)


def test_rim_of_a_flush_metal_slit(tmp_path: Path) -> None:
    lower, upper = build(STRIP, coarse(STRIP), (), tmp_path).singular_edges
    assert upper.points == ((0.74, 0.0),)
    assert [sector.region for sector in upper.sectors] == ["electrolyte", "", "film"]
    assert [sector.angle / math.pi for sector in upper.sectors] == pytest.approx([1.0, 0.5, 0.5])
    assert upper.faces == ("window", "film_wall", "film|electrolyte")
    assert [sector.region for sector in lower.sectors] == ["film", ""]
    assert lower.faces == ("film_wall", "film_face")


def test_edges_of_a_cross(tmp_path: Path) -> None:
    edges = build(CROSS, MeshSize(0.1, 0.6, 2.0), (), tmp_path).singular_edges
    assert sorted(edge.length for edge in edges) == pytest.approx([0.05, 4.6, 4.6, 4.6, 4.6])
    for edge in edges:
        assert sum(sector.angle for sector in edge.sectors) == pytest.approx(2.0 * math.pi)
        assert len(edge.faces) == len(edge.sectors)
        assert math.dist(*edge.points) == pytest.approx(edge.length)
    corner = min(edges, key=lambda edge: edge.length)
    assert [(s.region, s.angle / math.pi) for s in corner.sectors] == [
        ("film", 0.5), ("filling", 1.5),
    ]  # fmt: skip
    cell = replace(CROSS, shape="hexagon")
    corner = build(cell, MeshSize(0.1, 0.6, 2.0), (), tmp_path).singular_edges[-1]
    assert [s.region for s in corner.sectors] == ["film", "filling", ""]
    assert [s.angle / math.pi for s in corner.sectors] == pytest.approx([1 / 3, 2 / 3, 1.0])
    assert corner.faces == ("film|filling", "sides", "sides")


def test_intact_film_has_no_singular_edge(tmp_path: Path) -> None:
    cell = replace(STRIP, opening=NoOpening())
    assert build(cell, default_size(cell, 1e-3), (), tmp_path).singular_edges == ()


def test_impossible_geometry_never_reaches_gmsh(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: object) -> None:
        raise AssertionError("Gmsh started")

    monkeypatch.setattr(building, "gmsh_model", never)
    with pytest.raises(MeshError, match="less than the width"):
        build(replace(STRIP, opening=Slit(12.0)), MeshSize(0.1, 0.5, 1.0), (), tmp_path)
    for size in (
        MeshSize(math.nan, 0.5, 1.0),
        MeshSize(0.1, 0.0, 1.0),
        MeshSize(2.0, 0.5, 1.0),
        MeshSize(-0.1, 0.5, 1.0),
        MeshSize(0.1, 0.5, math.inf),
    ):
        with pytest.raises(MeshError, match="expected"):
            build(STRIP, size, (), tmp_path)


def test_wrong_volume_is_refused_with_the_numbers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    exact = checks.exact_measures

    def changed(*arguments: object) -> dict[str, float]:
        found = exact(*arguments)  # type: ignore[arg-type]
        return found | {"film": found["film"] * (1.0 + 1e-8)}

    monkeypatch.setattr(building, "exact_measures", changed)
    with pytest.raises(MeshError, match=r"film: 0\.213\d* instead of 0\.21300000212"):
        build(STRIP, coarse(STRIP), (), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_slivers_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(checks.QUALITY_BOUND, "plane", 0.99)
    with pytest.raises(MeshError, match=r"cells below quality 0\.99, the worst has 0\."):
        build(STRIP, coarse(STRIP), (), tmp_path)


def test_slivers_lead_to_another_attempt_with_other_sizes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, tried = building.build_section, []

    def counted(cell: Cell, size: MeshSize, omit: tuple[str, ...]) -> Model:
        tried.append(size)
        if len(tried) < 3:
            raise SliverError("mesh: slivers")
        return real(cell, size, omit)

    monkeypatch.setattr(building, "build_section", counted)
    size = coarse(STRIP)
    assert build(STRIP, size, (), tmp_path).report.cells > 0
    assert tried[0] == size
    assert len({one.edge for one in tried}) == 3
    assert all(abs(one.edge / size.edge - 1.0) <= 0.1 for one in tried)
    tried.clear()
    monkeypatch.setattr(building, "ATTEMPTS", 2)
    with pytest.raises(SliverError):
        build(STRIP, size, (), tmp_path)


def test_too_flat_extruded_cells_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checks, "FILM_BOUND", 20.0)
    with pytest.raises(MeshError, match="extruded cells of quality"):
        build(SQUARE, coarse(SQUARE), (), tmp_path)


def test_cells_must_fit_together() -> None:
    left, right = np.array([[0, 1, 2]]), np.array([[1, 2, 3]])
    outer = {"sides": np.array([[0, 1], [0, 2], [1, 3], [2, 3]])}
    inner = {"a|b": np.array([[1, 2]])}
    regions = {"a": left, "b": right}
    checks.check_conformity(regions, outer, inner)
    with pytest.raises(MeshError, match=r"1 facets .* have no name"):
        checks.check_conformity(regions, {"sides": outer["sides"][:3]}, inner)
    with pytest.raises(MeshError, match=r"1 facets .* have no name"):
        checks.check_conformity(regions, outer, {})
    with pytest.raises(MeshError, match="sides lies partly"):
        checks.check_conformity(regions, {"sides": np.vstack([outer["sides"], [[1, 2]]])}, {})
    with pytest.raises(MeshError, match="in two groups"):
        checks.check_conformity(regions, outer | {"top": np.array([[2, 3]])}, inner)
    with pytest.raises(MeshError, match="not facets"):
        checks.check_conformity(regions, outer | {"top": np.array([[0, 3]])}, inner)
    with pytest.raises(MeshError, match="more than two cells"):
        checks.check_conformity({"a": np.vstack([left, right, [[1, 2, 4]]])}, outer, {})


def test_dolfinx_reads_cells_and_facets_by_their_tags(tmp_path: Path) -> None:
    gmshio = pytest.importorskip("dolfinx.io.gmshio")
    from mpi4py import MPI

    for cell in (replace(STRIP, filling="electrolyte"), CROSS):
        built = build(cell, MeshSize(0.1, 0.6, 2.0), (), tmp_path)
        with opened(built):
            numbers = {}
            for name, tag in (built.regions | built.facets).items():
                dim = (2 if cell is STRIP or built.dimension == "plane" else 3) - (
                    name in built.facets
                )
                numbers[name] = sum(
                    len(gmsh.model.mesh.getElements(dim, entity)[1][0])
                    for entity in gmsh.model.getEntitiesForPhysicalGroup(dim, tag)
                )
        gdim = 3 if built.dimension == "3d" else 2
        _, cells, facets = gmshio.read_from_msh(str(built.path), MPI.COMM_SELF, gdim=gdim)
        found = {name: len(cells.find(tag)) for name, tag in built.regions.items()}
        found |= {name: len(facets.find(tag)) for name, tag in built.facets.items()}
        assert found == numbers
