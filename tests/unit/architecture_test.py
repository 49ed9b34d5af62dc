"""The line of data: what may import what, what no module may call, where files may lie."""

import ast
import fnmatch
import io
import re
import subprocess
import sys
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[2]
LONGEST = 450  # lines of a module

# Data passes from left to right, line by line: a module imports only what stands before it.
LINE = """
    meshes.layers meshes.micro meshes.geometry meshes.block meshes.shell meshes.mesh meshes.topology
    meshes.periods meshes.formats meshes.contents meshes.file meshes.names meshes.pixels
    meshes.heights meshes.coats meshes.skeleton_faults meshes.micro_faults
    meshes.faults meshes.sizing meshes.field meshes.plan
    meshes.section meshes.cracked meshes.rings meshes.box meshes.solid meshes.checks
    meshes.lattice meshes.adjacency meshes.connected meshes.labelling meshes.fitting
    meshes.distances meshes.placed meshes.particles meshes.ways
    meshes.fibres meshes.rods meshes.pits meshes.rough meshes.roughness meshes.image
    meshes.micro_lattice meshes.contact
    meshes.solids meshes.conformal meshes.sound meshes.roundness meshes.meshed
    meshes.structure meshes.build
    meshes.redrawn meshes.cache

    solver.faults solver.units solver.known solver.reading solver.gathering
    solver.interruption
    solver.values solver.stoichiometry solver.film_theory solver.squeeze
    solver.capacities solver.composites solver.balance
    solver.interface_schema solver.interface_tables solver.effective_tables
    solver.march_schema solver.contact_schema solver.contact_tables solver.staircase
    solver.march_tables
    solver.region_schema solver.region_tables
    solver.impedance_schema solver.impedance_tables solver.measured
    solver.mechanics_schema solver.mechanics_tables solver.micro_tables solver.map_tables
    solver.schema solver.tables solver.micro_assemble
    solver.creep_rate solver.flaw_assemble solver.assemble solver.limits solver.editor
    solver.messages solver.partial solver.comparison solver.interface_checks
    solver.flow_checks solver.graded_checks solver.hooke solver.mirror_checks
    solver.misfit_checks solver.micro_checks
    solver.load_checks
    solver.touching_checks solver.stall_checks solver.damage_checks
    solver.stress_checks solver.mechanics_checks
    solver.conduction_checks solver.effective_checks solver.plating_checks
    solver.protocols solver.flaw_thickness solver.contact_checks solver.region_checks
    solver.march_checks
    solver.impedance_checks solver.growing solver.study_checks solver.checks
    solver.case solver.toml_text solver.given
    solver.resolved_march solver.resolved_regions solver.resolved_mechanics solver.resolved_micro
    solver.resolved
    solver.read_files

    solver.meshing solver.compat solver.compiled solver.domain solver.fine_faces solver.kinetics
    solver.deposit solver.vacancies solver.face_contact solver.moving solver.electrolyte
    solver.alloy solver.mixed_conductor solver.misfit solver.further
    solver.model solver.metal_faces solver.axis solver.singularity
    solver.periodic solver.facing solver.matching solver.periodic_flux
    solver.transport solver.solve solver.rigid solver.levels solver.copies solver.levelling
    solver.primal solver.dual
    solver.enclosure solver.bounds solver.one_mesh
    solver.tensor_bounds solver.effective_conduction solver.three_point
    solver.micro_resistance solver.quantities solver.micro_quantities solver.faces
    solver.scalar_roots solver.plasticity solver.creep solver.viscoplasticity
    solver.radial_return solver.graded solver.elasticity solver.effective_stiffness
    solver.uniform_tractions solver.weak_strains
    solver.floors solver.load_path solver.nonlinear
    solver.blocks solver.shared_nodes solver.equilibrium solver.bernstein solver.touching
    solver.touch_numbers solver.fracture
    solver.mixed_mode solver.crack_front solver.inelastic solver.point_fields solver.evolution
    solver.dry_tip solver.stability solver.face_stress solver.bending solver.cohesive
    solver.parted solver.broken solver.pins solver.broken_state solver.broken_equilibrium
    solver.buckling solver.buckled solver.delamination solver.flaw_contact
    solver.mechanics_model solver.problem solver.modes solver.crack_opening
    solver.phase_field solver.minimisation solver.fragile solver.growth
    solver.path_following solver.contact_rim solver.pressed solver.closed_part
    solver.box_stress solver.force_balance
    solver.mechanics solver.strain_range
    solver.box_mechanics solver.micro_mechanics solver.closure solver.flowing
    solver.flow_quantities
    solver.margins solver.ends solver.crack_quantities solver.arrest
    solver.growth_quantities solver.interface_quantities solver.flaws
    solver.front_quantities solver.front_arrest
    solver.mechanics_quantities solver.saturation solver.mechanics_run
    solver.found_flaw solver.found_crack solver.mechanics_fields solver.lithium_face
    solver.critical_share
    solver.effective solver.partner_quantities solver.effective_quantities solver.statistics
    solver.salt solver.march_fields solver.march_stress solver.unknowns
    solver.carriers solver.alloy_amounts
    solver.stress_faces solver.carrier_system solver.march_blocks
    solver.march_newton solver.march_history solver.filled_flaw solver.flaw_growth
    solver.march_events solver.march_states solver.march solver.outline solver.remeshing
    solver.checkpoint_file solver.checkpoints
    solver.march_quantities solver.deposit_quantities solver.region_quantities
    solver.contact_quantities solver.stress_quantities solver.flaw_quantities
    solver.flaw_verdict
    solver.impedance solver.arcs solver.circuit solver.impedance_quantities
    solver.march_run
    solver.stall_notes solver.coupling solver.stalled solver.switching
    solver.closed_flaws solver.cracked_plane solver.conducted
    solver.pressed_slit solver.solving_for solver.mapping
    solver.simulate solver.run_notes solver.rests_on
    solver.current_fields

    solver.provenance solver.plain solver.geometry_meta solver.output solver.postprocess
    solver.fields solver.mechanics_meta solver.effective_meta solver.march_meta
    solver.rests_table solver.map_table
    solver.formats solver.simplices solver.drawing solver.sections solver.mesh_pictures
    solver.pictures_2d solver.pictures_3d solver.pictures_body solver.pictures_bridge
    solver.pictures_growth solver.pictures_cell solver.pictures_flaws solver.pictures_front
    solver.pictures_study solver.pictures_march solver.pictures_impedance solver.pictures_map
    solver.pictures_micro solver.scene solver.pictures
    solver.headline solver.report

    solver.done solver.run solver.study solver.__main__
""".split()

# the modules before this one read and check case files, fast and on any machine
FIRST_WITH_DOLFINX = "solver.compat"
DOLFINX = {"dolfinx", "ufl", "basix", "ffcx", "petsc4py"}
DRAWING = {"pyvista", "vtk", "vtkmodules", "matplotlib", "trame_vtk"}
DRAWS = set(LINE[LINE.index("solver.provenance") : LINE.index("solver.report")])
OPTIONS = "solver.solve"  # the one module that sees PETSc's options database

TOP_LEVEL = {
    ".ci", ".git", ".gitignore", "CHANGELOG.md", "CITATION.cff", "Containerfile", "LICENSE",
    "README.md", "benchmarks", "cases", "docs", "environment.yml", "liface", "meshes",
    "packages-all.txt", "packages.txt", "pyproject.toml", "solver", "tests",
}  # fmt: skip
FOLDERS = {
    "solver": ["*.py", "py.typed", "templates/*.j2"],
    "meshes": ["*.py", "py.typed"],
    "benchmarks": ["*.py", "README.md"],
    "docs": ["*.md", "*.png", "microstructures/*"],
    ".ci": ["run"],
    "cases": [
        "README.md",
        "job.sbatch",
        "*/README.md",
        "*/reference.csv",
        "*/wave.csv",
        "*.toml",
        "*.msh",
    ],
}


def modules() -> dict[str, Path]:
    """Our modules by dotted name."""
    files = [*(TOP / "solver").glob("*.py"), *(TOP / "meshes").glob("*.py")]
    return {f"{file.parent.name}.{file.stem}": file for file in sorted(files)}


def parsed(file: Path) -> ast.Module:
    return ast.parse(file.read_text(encoding="utf-8"), str(file))


def imported(tree: ast.Module, ours: dict[str, Path]) -> Iterator[str]:
    """Dotted names of what a module imports anywhere, also inside of functions and for types."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative import"
            base = node.module or ""
            for alias in node.names:
                whole = f"{base}.{alias.name}"
                yield whole if whole in ours else base


def arrows(name: str, ours: dict[str, Path]) -> set[str]:
    return set(imported(parsed(ours[name]), ours))


@pytest.fixture(scope="module")
def imports() -> dict[str, set[str]]:
    ours = modules()
    return {name: arrows(name, ours) for name in ours if not name.endswith("__init__")}


def test_every_module_has_its_place_in_the_line(imports: dict[str, set[str]]):
    assert len(set(LINE)) == len(LINE)
    assert set(imports) == set(LINE)


def test_modules_import_only_from_their_left(imports: dict[str, set[str]]):
    place = {name: i for i, name in enumerate(LINE)}
    wrong = [
        f"{name} imports {other}"
        for name, others in imports.items()
        for other in sorted(others)
        if other.partition(".")[0] in ("solver", "meshes")
        and place.get(other, len(LINE)) >= place.get(name, len(LINE))
    ]
    assert wrong == []


def test_packages_are_empty_shells():
    for package in ("solver", "meshes"):
        tree = parsed(TOP / package / "__init__.py")
        assert [type(node) for node in tree.body] == [ast.Expr], f"{package}: more than a docstring"


@pytest.mark.parametrize(
    ("others", "allowed"),
    [
        ({"mpi4py"}, LINE[LINE.index("solver.meshing") :]),
        (DOLFINX, LINE[LINE.index(FIRST_WITH_DOLFINX) : LINE.index("solver.provenance")] + [
            "solver.fields", "solver.run"]),
        ({"gmsh"}, [*[n for n in LINE if n.startswith("meshes.")], "solver.compat"]),
        (DRAWING, [*DRAWS, "solver.report"]),
        ({"pint"}, ["solver.units"]),
        ({"tomllib"}, ["solver.reading"]),
        ({"jinja2"}, ["solver.report"]),
        ({"subprocess"}, ["meshes.sound", "solver.postprocess"]),
        ({"pickle", "shelve", "marshal", "importlib.util", "socket", "urllib", "http", "ssl"}, []),
    ],
    ids=lambda value: ",".join(sorted(value)) if isinstance(value, set) else "",
)  # fmt: skip
def test_other_packages_stay_where_they_belong(
    imports: dict[str, set[str]], others: set[str], allowed: list[str]
):
    wrong = [
        f"{name} imports {used}"
        for name, all_used in imports.items()
        for used in sorted(all_used)
        if any(used == other or used.startswith(f"{other}.") for other in others)
        and name not in allowed
    ]
    assert wrong == []


def test_the_command_line_starts_without_dolfinx():
    code = "import sys, solver.__main__; print(*{name.partition('.')[0] for name in sys.modules})"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=TOP, capture_output=True, text=True, check=True
    )
    loaded = set(done.stdout.split())
    assert "typer" in loaded
    assert loaded & (DOLFINX | DRAWING | {"mpi4py", "gmsh", "scipy", "meshio"}) == set()


# --- what no module may do ------------------------------------------------------------------------


def faults(tree: ast.AST, *, options: bool) -> Iterator[str]:
    """Calls and statements that have no place in solver/ and meshes/, with their lines."""
    for node in ast.walk(tree):
        match node:
            case ast.Assert():
                yield f"{node.lineno}: assert"
            case ast.Name(id="print" | "hasattr" | "getattr" | "setattr" | "delattr" as name):
                yield f"{node.lineno}: {name}"
            case ast.Name(id="eval" | "exec" | "compile" | "__import__" | "globals" as name):
                yield f"{node.lineno}: {name}"
            case ast.Attribute(attr="Options", value=ast.Name(id="PETSc")) if not options:
                yield f"{node.lineno}: PETSc.Options"
            case ast.ImportFrom(names=names) if any(alias.name == "*" for alias in names):
                yield f"{node.lineno}: import *"
            case ast.Global():
                yield f"{node.lineno}: global"
            case ast.ExceptHandler(type=None):
                yield f"{node.lineno}: bare except"
            case ast.FunctionDef(args=ast.arguments(kwarg=ast.arg())):
                yield f"{node.lineno}: **kwargs"


@pytest.mark.parametrize(
    "code",
    [
        "assert x",
        "print(1)",
        "if hasattr(x, 'y'): pass",
        "y = getattr(x, 'y')",
        "list(map(setattr, x, y, z))",
        "PETSc.Options()['a'] = 1",
        "from PETSc import *",
        "def f():\n    global x",
        "try:\n    pass\nexcept:\n    pass",
        "def f(**kwargs): pass",
    ],
)
def test_what_is_forbidden_is_found(code: str):
    assert len(list(faults(ast.parse(code), options=False))) == 1


@pytest.mark.parametrize("name", modules())
def test_modules_keep_to_the_house_rules(name: str):
    assert list(faults(parsed(modules()[name]), options=name == OPTIONS)) == []


@pytest.mark.parametrize("name", modules())
def test_modules_fit_in_the_head(name: str):
    assert len(modules()[name].read_text(encoding="utf-8").splitlines()) <= LONGEST


SILENCED = re.compile(r"#\s*(type:\s*ignore(?!\[[a-z])|noqa(?!: ?[A-Z]+\d)|mypy:|ruff:)")


def test_a_check_is_never_switched_off_wholesale():
    found = []
    for folder in ("solver", "meshes", "tests", "benchmarks"):
        for file in (TOP / folder).rglob("*.py"):
            text = file.read_text(encoding="utf-8")
            found += [
                f"{file.relative_to(TOP)}:{token.start[0]}: {token.string}"
                for token in tokenize.generate_tokens(io.StringIO(text).readline)
                if token.type == tokenize.COMMENT and SILENCED.search(token.string)
            ]
    assert found == []


# --- where files may lie --------------------------------------------------------------------------


def ignored() -> list[str]:
    lines = (TOP / ".gitignore").read_text().splitlines()
    return [line.strip().rstrip("/") for line in lines if line.strip() and line[0] != "#"]


def is_ignored(path: Path) -> bool:
    return any(fnmatch.fnmatch(part, pattern) for part in path.parts for pattern in ignored())


def test_the_top_level_is_the_agreed_one():
    there = {path.name for path in TOP.iterdir() if not is_ignored(path.relative_to(TOP))}
    # a copy without history is fine, and so are the hidden folders of editors
    assert {name for name in there - TOP_LEVEL if name[0] != "."} == set()
    assert TOP_LEVEL - there - {".git"} == set()


@pytest.mark.parametrize("folder", FOLDERS)
def test_folders_hold_only_what_belongs_there(folder: str):
    files = (path.relative_to(TOP / folder) for path in (TOP / folder).rglob("*") if path.is_file())
    strange = [
        str(path)
        for path in files
        if not is_ignored(path) and not any(path.match(kind) for kind in FOLDERS[folder])
    ]
    assert strange == []


def test_every_file_with_tests_is_collected():
    lost = [
        f"{file.relative_to(TOP)}: {node.name}"
        for file in (TOP / "tests").rglob("*.py")
        if not file.name.endswith("_test.py")
        for node in parsed(file).body
        if isinstance(node, (ast.FunctionDef, ast.ClassDef))
        and node.name.lower().startswith("test")
    ]
    assert lost == []


def test_the_pictures_of_the_documentation_are_small():
    pictures = list((TOP / "docs").rglob("*.png"))
    assert len(pictures) <= 8  # of the README, and of each kind of microstructure
    assert all(path.stat().st_size < 200_000 for path in pictures)
