"""The cache of meshes."""

import os
import time
from dataclasses import replace
from pathlib import Path

import pytest

from meshes import cache as caching
from meshes.build import build
from meshes.cache import cached
from meshes.geometry import Cell, Cross, Film, MeshFile, Slit
from meshes.layers import Layer
from meshes.mesh import BuiltMesh, MeshError, from_json, to_json
from meshes.sizing import MeshSize

STRIP = Cell(
    "strip", 10.0, Film(0.5, "layer"), Slit(1.5), "metal", (Layer("electrolyte", 750.0),), (), None
)
SIZE = MeshSize(0.1, 0.5, 2.0)


@pytest.fixture
def builds(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Folders in which a mesh was built."""
    done: list[Path] = []

    def counted(geometry: Cell, size: MeshSize, omit: tuple[str, ...], folder: Path) -> BuiltMesh:
        done.append(folder)
        return build(geometry, size, omit, folder)

    monkeypatch.setattr(caching, "build", counted)
    return done


def test_second_request_is_served_from_the_cache(tmp_path: Path, builds: list[Path]) -> None:
    first = cached(STRIP, SIZE, (), tmp_path)
    second = cached(STRIP, SIZE, (), tmp_path)
    assert first == second
    assert len(builds) == 1
    assert first.path.is_file()
    assert tmp_path in first.path.parents


def test_what_makes_a_mesh_is_in_the_key(tmp_path: Path, builds: list[Path]) -> None:
    cached(STRIP, SIZE, (), tmp_path)
    cached(replace(STRIP, width=10.1), SIZE, (), tmp_path)
    cached(STRIP, replace(SIZE, edge=0.2), (), tmp_path)
    cached(STRIP, replace(SIZE, seed=1), (), tmp_path)
    cached(STRIP, SIZE, ("film",), tmp_path)
    assert len(builds) == 5


def test_order_of_omitted_regions_does_not_matter(tmp_path: Path, builds: list[Path]) -> None:
    cell = replace(STRIP, filling="electrolyte")
    assert cached(cell, SIZE, ("film", "filling"), tmp_path) == cached(
        cell, SIZE, ["filling", "film", "film"], tmp_path
    )
    assert len(builds) == 1


def test_another_gmsh_makes_another_mesh(
    tmp_path: Path, builds: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    cached(STRIP, SIZE, (), tmp_path)
    monkeypatch.setattr(caching.gmsh, "__version__", "0.0")
    cached(STRIP, SIZE, (), tmp_path)
    assert len(builds) == 2


@pytest.mark.parametrize("name", ["mesh.msh", "mesh.json", "sha256"])
@pytest.mark.parametrize("damage", ["flip", "cut", "remove"])
def test_spoiled_entry_is_built_again(
    name: str, damage: str, tmp_path: Path, builds: list[Path]
) -> None:
    first = cached(STRIP, SIZE, (), tmp_path)
    file = first.path.parent / name
    sound = file.read_bytes()
    match damage:
        case "flip":
            file.write_bytes(sound[:-40] + bytes([sound[-40] ^ 1]) + sound[-39:])
        case "cut":
            file.write_bytes(sound[: len(sound) // 2])
        case "remove":
            file.unlink()
    second = cached(STRIP, SIZE, (), tmp_path)
    assert len(builds) == 2
    if name == "mesh.msh":
        assert file.read_bytes() == sound
    assert replace(second, report=first.report) == first
    assert cached(STRIP, SIZE, (), tmp_path) == second
    assert len(builds) == 2


def test_interrupted_build_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_: Cell, __: MeshSize, ___: tuple[str, ...], folder: Path) -> BuiltMesh:
        (folder / "mesh.msh").write_text("half a mesh")
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(caching, "build", interrupted)
        with pytest.raises(KeyboardInterrupt):
            cached(STRIP, SIZE, (), tmp_path)
    assert list(tmp_path.iterdir()) == []
    assert cached(STRIP, SIZE, (), tmp_path).report.cells > 0


def test_changed_mesh_file_is_read_again(tmp_path: Path, builds: list[Path]) -> None:
    folders = [tmp_path / name for name in ("a", "b")]
    for folder in folders:
        folder.mkdir()
    copy = tmp_path / "copy.msh"
    file = MeshFile(str(copy), "plane", 1.0, 1.0, None)
    for folder, size in zip(folders, (SIZE, replace(SIZE, edge=0.3)), strict=True):
        copy.write_bytes(build(STRIP, size, (), folder).path.read_bytes())
        cached(file, SIZE, (), tmp_path / "cache")
    assert len(builds) == 2


def test_data_survive_writing(tmp_path: Path) -> None:
    cell = replace(STRIP, shape="square", opening=Cross(1.5), filling="electrolyte")
    built = build(cell, MeshSize(0.3, 0.6, 2.0), (), tmp_path)
    assert from_json(to_json(built), tmp_path) == built


def test_cache_that_cannot_be_written(tmp_path: Path) -> None:
    place = tmp_path / "cache"
    place.write_text("")
    with pytest.raises(MeshError, match="cannot write to the cache"):
        cached(STRIP, SIZE, (), place)


def test_another_run_may_be_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    entries = []

    def slow(geometry: Cell, size: MeshSize, omit: tuple[str, ...], folder: Path) -> BuiltMesh:
        if not entries:  # the other run comes and goes meanwhile
            entries.append(None)
            entries[0] = cached(STRIP, SIZE, (), tmp_path)
        return build(geometry, size, omit, folder)

    monkeypatch.setattr(caching, "build", slow)
    second = cached(STRIP, SIZE, (), tmp_path)
    assert second == entries[0]  # the seconds of the first build included
    assert [path.name for path in tmp_path.iterdir()] == [second.path.parent.name]


def test_leftovers_of_killed_builds_are_removed_after_a_day(tmp_path: Path) -> None:
    old, young = tmp_path / ".building-old", tmp_path / ".building-young"
    for folder in (old, young):
        (folder / "mesh").mkdir(parents=True)
    os.utime(old, (time.time() - 1e5, time.time() - 1e5))
    cached(STRIP, SIZE, (), tmp_path)
    assert not old.exists()
    assert young.exists()


def test_above_its_limit_the_cache_loses_what_was_used_longest_ago(
    tmp_path: Path, builds: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes = [replace(SIZE, seed=seed) for seed in range(4)]
    places = [cached(STRIP, size, (), tmp_path).path.parent for size in sizes]
    one = sum(file.stat().st_size for file in places[0].iterdir())
    monkeypatch.setattr(caching, "CACHE_LIMIT", 3.5 * one)
    for days, place in zip((2, 5, 4, 3), places, strict=True):
        os.utime(place, (0.0, time.time() - days * 86400.0))
    cached(STRIP, sizes[1], (), tmp_path)  # the oldest, used again
    cached(STRIP, replace(SIZE, seed=9), (), tmp_path)
    assert [place.exists() for place in places] == [True, True, False, True]
    cached(STRIP, replace(SIZE, seed=10), (), tmp_path)
    assert [place.exists() for place in places] == [True, True, False, False]
