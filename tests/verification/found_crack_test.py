"""Cracks that damage has found, handed over as sharp ones: their lengths, places, G and K."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from dolfinx import fem
from mpi4py import MPI

from meshes.layers import Crack, Flaw
from solver import found_flaw, fracture, growth
from solver.case import load_case
from solver.domain import refine_cells
from solver.equilibrium import Equilibrium
from solver.found_crack import of_found_crack, with_found_crack
from solver.found_flaw import find_line, with_found_flaw
from solver.fragile import make_fragile
from solver.mechanics_run import make_mesh
from solver.phase_field import damage_space
from solver.problem import make_problem
from solver.simulate import simulate
from tests.verification.helpers import grown, with_numerics

FOLDER = Path(__file__).parents[2] / "cases" / "verification" / "fracture"
COARSE = 0.15  # um


def coarse_beam():
    """The beam with a larger l and cells of l/3, in large steps."""
    case = load_case(FOLDER / "at1_beam.toml")
    steps = {"first_step": 0.1, "smallest_step": 0.02}
    damage = replace(case.mechanics.damage, length=COARSE, cells_per_length=3.0, **steps)
    return replace(case, mechanics=replace(case.mechanics, damage=damage), references=())


def test_cells_are_fine_where_damage_lives():
    found, numbers = grown(coarse_beam())
    domain, damage = found.brittle.domain, found.damage
    most = damage.x.array[damage.function_space.dofmap.list].max(axis=1)
    sizes = growth.longest_edges(domain)
    assert sizes[most > growth.DAMAGED].max() <= COARSE / 3.0 * (1.0 + 1e-9)
    assert sizes.max() > 0.1  # and coarse elsewhere
    drops = [step.released for step in found.steps]
    assert min(drops) >= -1e-9
    costs = [step.dissipated for step in found.steps]
    assert costs == sorted(costs)
    # the crack that was found, handed over: it came to rest, so its error bar holds Gc = 0.3
    rate = numbers["energy_release_rate.found_crack"]
    new = numbers["crack_length"].value
    assert numbers["crack_length.found_crack"].value == pytest.approx(1.0 + new, rel=1e-12)
    assert rate.value == pytest.approx(0.3, rel=0.12)  # l is a tenth of the arm
    assert rate.lower < 0.3 < rate.upper
    slope = numbers["energy_release_rate_slope.found_crack"].value
    least = -slope * COARSE  # of the half width: the tip is not known better
    assert least < 0.5 * (rate.upper - rate.lower) < 1.1 * least
    assert numbers["verdict.found_crack"].value == "undecided within the error bar"


def coarse_disc():
    """The beam turned around an axis: a disc whose rim is opened, its crack grows inwards."""
    beam = coarse_beam()
    crack = replace(beam.geometry.crack, start=2.0, end=3.0)
    block = replace(beam.geometry, shape="cylinder", crack=crack)
    faces = {"right": replace(beam.mechanics.faces["left"], tangential=0.07)}
    mechanics = replace(beam.mechanics, plane="strain", faces=faces)
    return replace(beam, geometry=block, mechanics=mechanics)


@pytest.mark.slow
def test_a_crack_around_an_axis_is_handed_over():
    _, numbers = grown(coarse_disc())
    inner = 3.0 - numbers["crack_length.found_crack"].value
    assert np.pi * (2.0**2 - inner**2) == pytest.approx(numbers["crack_area"].value, rel=1e-9)
    # at rest: what it releases is what a crack costs
    rate = numbers["energy_release_rate.found_crack"]
    assert rate.lower < 0.3 < rate.upper
    assert rate.value == pytest.approx(0.3, rel=0.05)
    assert numbers["verdict.found_crack"].value == "undecided within the error bar"


@pytest.mark.parametrize(
    ("before", "broken", "expected"),
    [
        ((2.0, 3.0), (1.7, 2.0), ((4.0 - 1.25) ** 0.5, 3.0)),  # inwards from a ring
        ((0.0, 1.0), (1.0, 1.4), (0.0, 2.25**0.5)),  # outwards from a disc
        (None, (0.0, 1.1), (0.0, 1.25**0.5)),  # a disc where nothing was
        (None, (1.0, 1.5), (1.0, 1.5)),  # a ring of the area that has broken
        ((1.0, 1.5), (0.5, 2.0), ((1.0 - 0.375) ** 0.5, (2.25 + 0.875) ** 0.5)),  # both ways
        ((0.0, 1.0), (1.5, 1.9), None),  # apart from the crack
    ],
)
def test_around_an_axis_the_area_that_was_paid_for_tells_where_a_crack_ends(
    before, broken, expected
):
    # pi (r2^2 - r1^2) = 1.25 pi, twice the meshed half; cells so small that no excess is left
    case = coarse_disc()
    crack = None if before is None else Crack("bottom", *before)
    case = replace(case, geometry=replace(case.geometry, crack=crack))
    length = SimpleNamespace(length=SimpleNamespace(value=0.1))
    growth = SimpleNamespace(brittle=length, extents={"bottom": broken, "left": (0.0, 0.9)},
                             area=0.5 * 1.25 * np.pi, cell_size=0.0)  # fmt: skip
    found = with_found_crack(case, growth)
    if expected is None:
        assert found is None
        return
    crack = found.geometry.crack
    assert (crack.face, crack.start, crack.end) == ("bottom", *map(pytest.approx, expected))


def test_a_crack_that_damage_lengthens_is_one_piece():
    # a block, 0.4 um of new crack: where it grew at both ends each has its share of it
    beam = coarse_beam()
    for before, broken, expected in (
        ((0.0, 1.0), (1.0, 1.3), (0.0, 1.4)),
        ((1.0, 1.5), (0.7, 1.6), (0.7, 1.6)),
        ((1.0, 1.5), (0.4, 1.7), (0.7, 1.6)),
        ((0.0, 1.0), (1.3, 1.7), None),
        ((2.0, 2.5), (1.3, 1.7), None),
    ):
        crack = Crack("bottom", *before)
        case = replace(beam, geometry=replace(beam.geometry, crack=crack))
        length = SimpleNamespace(length=SimpleNamespace(value=0.1))
        growth = SimpleNamespace(brittle=length, extents={"bottom": broken},
                                 area=0.2, cell_size=0.0)  # fmt: skip
        found = with_found_crack(case, growth)
        assert (found is None) == (expected is None), (before, broken)
        if found is not None:
            ends = (found.geometry.crack.start, found.geometry.crack.end)
            assert ends == pytest.approx(expected), (before, broken)


def test_a_crack_elsewhere_is_refused_as_a_sharp_one():
    case = coarse_beam()
    damage = replace(case.mechanics.damage, then="energy_release_rate")
    case = replace(case, mechanics=replace(case.mechanics, damage=damage))
    found, _ = grown(
        load_case(FOLDER / "at1_bar.toml", change={"numerics": {"maximum_size": "0.06 um"}})
    )
    told = of_found_crack(case, found, MPI.COMM_WORLD, lambda _: None)
    assert [q.name for q in told] == ["verdict.found_crack"]  # the bar is broken right through
    assert "no single crack along left or bottom" in told[0].value


@pytest.mark.slow
def test_a_growing_crack_costs_the_effective_fracture_energy():
    case = load_case(FOLDER / "at1_beam.toml")
    found, numbers = grown(case)
    factor = numbers["fracture_energy_factor"].value
    assert 1.0 < factor <= 1.075  # h <= l/5
    handed = with_found_crack(case, found)
    crack = handed.geometry.crack
    assert (crack.face, crack.start) == ("bottom", 0.0)
    assert crack.end == pytest.approx(1.0 + numbers["crack_length"].value, rel=1e-12)
    assert handed.mechanics.damage is None
    # G of the sharp crack that was found: the crack has come to rest where it is what a crack costs
    rate = {q.name: q for q in simulate(handed, MPI.COMM_WORLD, lambda _: None).quantities}
    assert rate["energy_release_rate_slope"].value < 0.0
    assert rate["energy_release_rate"].value == pytest.approx(0.3 * factor, rel=0.03)
    # and without damage at all: the lengths of sharp cracks of the same stiffness
    lengths = [1.0, 1.1, 1.2, 1.3, 1.4]
    energies = np.array([energy_of_sharp(case, end) for end in lengths])
    fit = np.polyfit(np.log(energies), lengths, 4)
    steps = [step for step in found.steps if step.load > 0.9]
    at = [np.polyval(fit, np.log(step.stored / step.load**2)) for step in steps]
    assert at[-1] - at[0] > 0.05
    cost = 2.0 * np.polyfit(at, [step.dissipated for step in steps], 1)[0]  # half is meshed
    assert 0.3 * 0.99 < cost < 0.3 * factor * 1.01
    assert at[-1] == pytest.approx(crack.end, rel=0.01)


def energy_of_sharp(case, end):
    """Elastic energy of the beam with a sharp crack under all of the load."""
    block = replace(case.geometry, crack=replace(case.geometry.crack, end=end))
    problem = make_problem(case, block)

    def mesher(made):
        return make_mesh(replace(case, geometry=made, regions={}), MPI.COMM_WORLD)

    body_on_mesh = problem.body_on(problem.mesh(mesher, MPI.COMM_WORLD, 1))
    return Equilibrium(body_on_mesh, problem.supports, {}).solve().energy


# --- inside of a body -----------------------------------------------------------------------------

PLATE = """title = "Plate under tension"
[geometry]
shape = "block"
width = "24 um"
layers = [{ name = "plate", thickness = "24 um" }]
FLAWS
[mechanics.solids.plate]
law = "isotropic"
youngs_modulus = "1 GPa"
poissons_ratio = 0.3
fracture_energy = "1 J/m^2"
[mechanics.faces]
top = { law = "traction", pressure = "-20 MPa" }
bottom = { law = "symmetry" }
left = { law = "symmetry" }
[mechanics.damage]
law = "at1"
length = "0.3 um"
split = "none"
cells_per_length = 3.0
then = "energy_release_rate"
[numerics]
accuracy = "5 %"
maximum_size = "1 um"
"""
L = 0.3  # um


def plate(folder, flaws=""):
    path = folder / f"plate_{MPI.COMM_WORLD.rank}.toml"
    path.write_text(PLATE.replace("FLAWS", flaws))
    return load_case(path)


def piece(angle, length=4.0, middle=(12.0, 12.0)):
    """A straight crack as a flaw of a name."""
    c, s = np.cos(np.radians(angle)), np.sin(np.radians(angle))
    start = (middle[0] - 0.5 * length * c, middle[1] - 0.5 * length * s)
    return Flaw("x", float(start[0]), float(start[1]), length, float(np.radians(angle)))


def scarred(case, pieces, comm=MPI.COMM_WORLD):
    """A body that is damaged as by straight cracks, (1 - r/2l)^2, on cells of l/3 there."""
    mesher = lambda block: make_mesh(replace(case, geometry=block), comm)  # noqa: E731
    fragile = make_fragile(case, case.geometry)
    domain = growth.first_mesh(fragile, mesher, comm)
    shift = fracture.origin(case.geometry)

    def damage(x):
        far = []
        for at in pieces:
            (c, s), (dx, dy) = at.direction, (x[0] - at.x, x[1] + shift - at.y)
            along = np.clip(c * dx + s * dy, 0.0, at.length)
            far.append(np.hypot(dx - along * c, dy - along * s))
        return np.maximum(1.0 - np.min(far, axis=0) / (2.0 * L), 0.0) ** 2

    while True:
        values = fem.Function(damage_space(domain))
        values.interpolate(damage)
        most = values.x.array[values.function_space.dofmap.list].max(axis=1)
        cells = np.flatnonzero((most > 0.01) & (growth.longest_edges(domain) > L / 3.0))
        if comm.allreduce(len(cells)) == 0:
            break
        domain = refine_cells(domain, cells.astype(np.int32))
    follower = growth.Follower(fragile, domain)
    follower.minimiser.put_damage(values.x.array[: len(follower.floor)])
    step = growth.Step(1.0, 0.0, 0.0, 0.0, False, 1.0, 1, 0, {}, 0.0, 1.0)
    return growth._grown(follower, [step], None, "")


@pytest.mark.parallel
@pytest.mark.parametrize(("angle", "middle"), [(45.0, (12.0, 12.0)), (-70.0, (8.0, 15.0))])
def test_the_line_of_a_crack_is_found_wherever_it_lies(tmp_path, angle, middle):
    case = plate(tmp_path)
    body = scarred(case, [piece(angle, 4.0, middle)])
    line = find_line(body, case.geometry, None)
    assert line.place == pytest.approx(middle, abs=0.01)
    assert np.degrees(line.angle) == pytest.approx(angle, abs=0.2)
    assert (line.low, line.high) == pytest.approx((-2.0, 2.0), abs=L / 3.0)
    assert line.offset < L / 3.0
    sharp, turn = with_found_flaw(case, body)
    (flaw,) = sharp.geometry.flaws
    ends = np.array([(flaw.x, flaw.y), flaw.end])
    assert ends.mean(axis=0) == pytest.approx(middle, abs=L / 3.0)
    assert flaw.length == pytest.approx(body.area / (1.0 + 0.375 * body.cell_size / L), rel=1e-12)
    assert flaw.length == pytest.approx(4.0, abs=L)
    assert turn == pytest.approx(2.0 * line.offset / flaw.length)
    assert sharp.mechanics.damage is None


@pytest.mark.parametrize(
    ("pieces", "expected"),
    [
        ([piece(0.0), piece(0.0, 2.0, (17.0, 12.0))], found_flaw.SEVERAL),
        ([piece(0.0), piece(0.0, 4.0, (12.0, 14.0))], found_flaw.BENDS),
        ([piece(0.0), Flaw("x", 14.0, 12.0, 2.0, np.pi / 4.0)], found_flaw.BENDS),
    ],
    ids=["in a line", "side by side", "bent"],
)
def test_what_is_not_one_straight_crack_is_undecided(tmp_path, pieces, expected):
    case = plate(tmp_path)
    assert with_found_flaw(case, scarred(case, pieces)) == expected


def test_a_crack_from_the_left_face_has_one_tip(tmp_path):
    case = plate(tmp_path)
    sharp, _ = with_found_flaw(case, scarred(case, [Flaw("x", 0.0, 9.0, 3.0, np.pi / 6.0)]))
    (flaw,) = sharp.geometry.flaws
    assert flaw.emerges
    assert flaw.y == pytest.approx(9.0, abs=L / 3.0)
    assert np.degrees(flaw.angle) == pytest.approx(30.0, abs=1.0)


def test_a_flaw_of_the_case_is_lengthened_at_its_ends(tmp_path):
    before = piece(30.0, 2.0)
    given = (
        f'flaws = [{{ name = "notch", x = "{before.x!r} um", y = "{before.y!r} um", '
        'length = "2 um", angle = "30 degree" }]'
    )
    case = plate(tmp_path, given)
    c, s = before.direction
    new = [Flaw("x", *before.end, 1.5, before.angle),
           Flaw("x", before.x - 0.5 * c, before.y - 0.5 * s, 0.5, before.angle)]  # fmt: skip
    body = scarred(case, new)
    sharp, _ = with_found_flaw(case, body)
    (flaw,) = sharp.geometry.flaws
    grown_by = body.area / (1.0 + 0.375 * body.cell_size / L)
    assert flaw.length == pytest.approx(2.0 + grown_by, rel=1e-9)
    assert flaw.angle == pytest.approx(before.angle, rel=1e-12)
    behind = np.hypot(flaw.x - before.x, flaw.y - before.y)
    assert behind == pytest.approx(0.25 * grown_by, rel=0.1)  # 0.5 of the 2 um
    away = scarred(case, [piece(30.0, 2.0, (12.0, 15.0))])
    assert with_found_flaw(case, away) == found_flaw.FAR


@pytest.mark.parallel
def test_a_slanted_crack_that_was_found_has_both_intensities(tmp_path, monkeypatch):
    # 20 MPa at 45 degrees, 2a = 4 um: K_I = K_II = 10 sqrt(2 pi) MPa um^0.5 and G = 2 K_I^2 0.91/E;
    # the body, 12 um half as wide, adds some per cent that the length within l swallows
    monkeypatch.setattr(fracture, "HALVINGS", 5)
    case = plate(tmp_path)
    body = scarred(case, [piece(45.0)])
    case = with_numerics(case, maximum_size=3.0, edge_size=0.5)  # of the sharp crack
    found = {q.name: q for q in of_found_crack(case, body, MPI.COMM_WORLD, lambda _: None)}
    intensity = 1e-3 * 10.0 * np.sqrt(2.0 * np.pi)
    rate = 2.0 * (1e3 * intensity) ** 2 * 0.91 / 1000.0
    assert found["crack_angle.found_crack"].value == pytest.approx(45.0, abs=0.2)
    for end in ("start", "end"):
        for name, exact in (
            ("stress_intensity", intensity),
            ("stress_intensity_shear", intensity),
            ("energy_release_rate", rate),
        ):
            of_tip = found[f"{name}.found_crack.{end}"]
            assert of_tip.lower < exact < of_tip.upper, (name, end)
            assert of_tip.upper - of_tip.lower < 0.6 * exact
        first, second = (
            found[f"{name}.found_crack.{end}"].value
            for name in ("stress_intensity", "stress_intensity_shear")
        )
        assert second / first == pytest.approx(1.0, abs=0.02)
    assert found["verdict.found_crack"].value == "grows unstably"
