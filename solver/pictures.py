"""Draw the pictures of a run folder: `python -m solver.pictures RUNFOLDER`.

A process of its own: drawing without a display can end a process. It reads `results.json` and the
`.pvtu` files, and writes PNG files and `captions.json`, which says what each of them shows. Neither
dolfinx nor MPI is imported.
"""

import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from solver import drawing
from solver.mesh_pictures import draw_mesh as draw_mesh
from solver.output import CAPTIONS, FIELDS, MECHANICS, write_atomic
from solver.pictures_2d import pictures_2d
from solver.pictures_3d import pictures_3d
from solver.pictures_body import pictures_of_body
from solver.pictures_bridge import bridge_picture, bridges_a_pit
from solver.pictures_cell import cell_picture, has_cell, regions_picture
from solver.pictures_flaws import flaw_picture, has_flaws
from solver.pictures_front import front_picture, has_front
from solver.pictures_growth import growth_picture, has_grown
from solver.pictures_impedance import bode_picture, has_spectrum, nyquist_picture
from solver.pictures_map import has_map, map_picture
from solver.pictures_march import has_march, march_picture
from solver.pictures_micro import draw_structure as draw_structure
from solver.pictures_micro import has_structure, pictures_of_structure
from solver.plain import strict_json
from solver.scene import SCENE, write_scene
from solver.sections import Picture, Run, flows, read_run
from solver.simplices import DrawingError

AT_REST = "no current flows in this state, so there is no picture of any"


def draw(folder: Path) -> list[str]:
    """Draw all pictures of a run folder and write `captions.json`.

    It has the keys `pictures` (file, title, caption), `scene` (file name of the scene of the
    current that a browser can turn, or null) and `missing` (reasons why pictures are missing).

    Returns:
        The reasons why pictures are missing.

    Raises:
        OutputError: A file cannot be written.
    """
    made: list[Picture] = []
    missing: list[str] = []
    scenes: list[str] = []

    def note() -> None:
        content = {
            "pictures": [asdict(picture) for picture in made],
            "scene": scenes[0] if scenes else None,
            "missing": missing,
        }
        write_atomic(folder / CAPTIONS, strict_json(content))

    currents: Run | None = None
    todo: list[Callable[[], Picture]] = []
    structure = False
    try:
        if reason := drawing.can_draw():
            raise DrawingError(reason)
        if has_map(folder):
            todo.append(lambda: map_picture(folder))
        stressed = (folder / f"{MECHANICS}.pvtu").is_file()
        cell = has_cell(folder)
        if cell:
            todo += [lambda: regions_picture(folder), lambda: cell_picture(folder)]
        structure = not cell and has_structure(folder)
        if structure:
            todo += pictures_of_structure(folder)
        marched = has_march(folder)
        if marched:
            todo.append(lambda: march_picture(folder))
        if has_spectrum(folder):
            todo += [lambda: nyquist_picture(folder), lambda: bode_picture(folder)]
        currents_there = not (stressed or cell) or (folder / f"{FIELDS}.pvtu").is_file()
        if currents_there and not marched:
            currents = read_run(folder)
            flat = currents.geometry["dimension"] != "3d"
            of_current = pictures_2d(currents) if flat else pictures_3d(currents)
            if not flows(currents):
                missing.append(AT_REST)
                currents, of_current = None, of_current[:1]
            todo += of_current[1:] if structure else of_current  # the first is the mesh
        if stressed and structure:
            pass
        elif stressed and has_front(folder):
            todo.append(lambda: front_picture(folder))
        elif stressed:
            todo += pictures_of_body(folder)
            if has_grown(folder):
                todo.append(lambda: growth_picture(folder))
            if has_flaws(folder):
                todo.append(lambda: flaw_picture(folder))
            if bridges_a_pit(folder):
                todo.append(lambda: bridge_picture(folder))
    except DrawingError as error:
        missing.append(str(error))
    note()
    for make in todo:
        try:
            made.append(make())
        except DrawingError as error:
            missing.append(str(error))
        note()  # at once: should the next one end the process, these are not lost
    if currents is not None and todo and not structure:  # the scene is of an opening
        write_scene(currents)
        scenes.append(SCENE)
        note()
    return missing


def main() -> int:
    """Draw the pictures of the folder that the command line names."""
    if len(sys.argv) != 2:
        sys.stderr.write("usage: python -m solver.pictures RUNFOLDER\n")
        return 2
    for reason in draw(Path(sys.argv[1])):
        sys.stderr.write(f"{reason}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
