"""Phase field fracture against exact numbers: bars, splits, steps of the load."""

import csv
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import ufl
from dolfinx import fem
from mpi4py import MPI

from meshes.build import build
from meshes.layers import Block, Layer
from meshes.sizing import MeshSize
from solver import growth, hooke, mechanics_meta, minimisation, pictures_growth, run
from solver.case import load_case
from solver.domain import read_domain, refine_with_parents
from solver.elasticity import Solid, make_body
from solver.equilibrium import Support
from solver.fragile import make_fragile
from solver.mechanics_run import make_mesh, simulate_mechanics
from solver.minimisation import EnergyRises, Minimiser
from solver.output import GROWTH
from solver.phase_field import Brittle, damage_space, make_brittle
from tests.verification.helpers import grown

FOLDER = Path(__file__).parents[2] / "cases" / "verification" / "fracture"
NONE = np.zeros(6)
LENGTH, STRENGTH = 0.1, 1.936491673  # l in um; sqrt(3 E Gc/(8 l)) for E = Gc = 1, MPa
HELD = {"left": Support("normal"), "bottom": Support("normal")}


def body(tmp_path, size, split, supports, ratio=0.0, shape="block", plane_stress=True, comm=None):
    """A bar, 1 um by 0.1 um, of E = Gc = 1: broken or not."""
    built = build(Block(shape, 1.0, (Layer("bar", 0.1),), None), MeshSize(size, 1.0, size), (),
                  tmp_path)  # fmt: skip
    domain = read_domain(built, comm or MPI.COMM_SELF)
    stiffness = hooke.isotropic(1.0, ratio)
    flat = hooke.without_stress_across(stiffness, NONE)[0] if plane_stress else stiffness
    elastic = make_body(domain, {"bar": Solid(flat, NONE, NONE)}, {})
    law = {"bar": Brittle(stiffness, NONE, NONE, 1.0)}
    brittle = make_brittle(elastic, law, LENGTH, split, plane_stress)
    return Minimiser(brittle, supports, ("right",) if plane_stress else (), {})


def pulled(tmp_path, size, split="none", by=3.0):
    return body(tmp_path, size, split, {**HELD, "right": Support("normal", by)})


# --- bars -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("split", ["none", "volumetric_deviatoric", "spectral"])
def test_a_bar_breaks_at_its_strength(split):
    # nu = 0 and tension: all of the energy is psi+, whatever the split
    case = load_case(FOLDER / "at1_bar.toml")
    damage = replace(case.mechanics.damage, split=split)
    mechanics = replace(case.mechanics, damage=damage)
    numerics = replace(case.numerics, maximum_size=0.02)
    if split != "none":  # on one mesh, to be quick
        numerics = replace(numerics, refinement="none")
    found, numbers = grown(replace(case, mechanics=mechanics, numerics=numerics))
    for reference in case.references:
        assert numbers[reference.quantity].hit, numbers[reference.quantity]
    # the energy that a bar of length 1 holds at its strength, 3 Gc/(16 l), less the cost of a crack
    assert numbers["jumps"].value == 1.0
    cost = next(step.dissipated for step in found.steps if step.jumped)
    assert numbers["energy_drop"].value == pytest.approx(0.1 * 1.875 - cost, rel=0.02)
    assert numbers["verdict"].value == "cracks"
    assert found.steps[-1].load == 1.0
    assert found.stopped == ""
    assert found.state.balance < 1e-8


@pytest.mark.parametrize(("size", "warned"), [(0.05, 1), (0.0141, 0)])
def test_cells_too_large_for_the_band_of_a_crack_are_told(size, warned):
    # l/5 is 0.02 um, and the longest edges are diagonals
    case = load_case(FOLDER / "at1_bar.toml")
    damage = replace(case.mechanics.damage, first_step=0.5, largest_step=1.0)
    numerics = replace(case.numerics, maximum_size=size, refinement="none")
    mechanics = replace(case.mechanics, damage=damage)
    case = replace(case, mechanics=mechanics, numerics=numerics)
    found = simulate_mechanics(case, MPI.COMM_SELF, lambda _: None)
    said = mechanics_meta.notes(case, found)
    assert sum("more than l/5 = 0.02 um" in text for text in said) == warned
    assert sum("the energy of compression as well" in text for text in said) == 1
    split = replace(damage, split="spectral")
    case = replace(case, mechanics=replace(case.mechanics, damage=split))
    assert not any("compression as well" in text for text in mechanics_meta.notes(case, found))


def broken(tmp_path, size):
    """Cost of half of a crack over Gc, and profile, of a bar that has just broken."""
    bar = pulled(tmp_path, size)
    at_end = bar.minimise(1.0, bar.owned_damage(), np.inf)
    x = bar.damage.function_space.tabulate_dof_coordinates()[:, 0]
    return at_end.dissipated / 0.1, x, bar.damage.x.array


def test_a_crack_costs_its_fracture_energy_and_has_its_profile(tmp_path):
    excess = []
    for size in (0.02, 0.01, 0.005):
        cost, x, damage = broken(tmp_path, size)
        # the bar opens within the cells next to the plane of symmetry: h on either side
        excess.append(cost / 0.5 - 1.0)
        assert 0.0 < excess[-1] <= 2.0 * 0.375 * size / LENGTH
        exact = np.maximum(1.0 - x / (2.0 * LENGTH), 0.0) ** 2
        assert np.abs(damage - exact).max() <= 1.05 * size / LENGTH  # moved by a cell, slope 1/l
    rates = np.log2(np.array(excess[:-1]) / np.array(excess[1:]))
    assert rates == pytest.approx([1.0, 1.0], abs=0.15)


def with_stress(stress, moved):
    """The bar with a stress it was made with, between fixed ends or pulled."""
    case = load_case(FOLDER / "at1_bar.toml")
    bar = replace(case.mechanics.solids["bar"], residual_stress=stress)
    faces = {**case.mechanics.faces, "right": replace(case.mechanics.faces["right"], normal=moved)}
    mechanics = replace(case.mechanics, solids={"bar": bar}, faces=faces)
    numerics = replace(case.numerics, maximum_size=0.05, refinement="none")
    return replace(case, mechanics=mechanics, references=(), numerics=numerics)


def test_the_stress_that_a_body_was_made_with_breaks_it():
    # nothing else acts: it is the load. sigma = share times 4 MPa
    _, numbers = grown(with_stress(4.0, 0.0))
    assert numbers["damage_start"].value == pytest.approx(STRENGTH / 4.0, rel=1e-6)
    # beside a given displacement it is there from the start: 1 MPa + share times 3 MPa
    _, numbers = grown(with_stress(1.0, 3.0))
    assert numbers["damage_start"].value == pytest.approx((STRENGTH - 1.0) / 3.0, rel=1e-5)


# --- damage and its energy ------------------------------------------------------------------------


def test_damage_never_heals(tmp_path):
    bar = pulled(tmp_path, 0.02)
    bar.minimise(1.0, bar.owned_damage(), np.inf)
    before = bar.owned_damage()
    assert before.max() == 1.0
    bar.minimise(0.0, before, np.inf)
    assert np.array_equal(bar.owned_damage(), before)
    bar.minimise(0.0, 0.0 * before, np.inf)  # without the bound it would
    assert bar.owned_damage().max() < 0.5


def test_the_energy_falls_with_every_alternation_and_a_rise_is_an_error(tmp_path, monkeypatch):
    energies = []
    lowered = Minimiser._lowered

    def told(self, before, what):
        energies.append((before, sum(self.energies())))
        return lowered(self, before, what)

    monkeypatch.setattr(Minimiser, "_lowered", told)
    bar = pulled(tmp_path, 0.02, "spectral")
    bar.minimise(1.0, bar.owned_damage(), np.inf)
    assert len(energies) > 10
    assert all(after <= before + 1e-9 * abs(before) for before, after in energies)
    assert all(b[0] == a[1] for a, b in pairwise(energies))

    def raised(self):
        self.damage.x.array[:] = 1.0
        return 1.0

    sound = pulled(tmp_path, 0.05, by=0.1)
    monkeypatch.setattr(minimisation.Damages, "solve", raised)
    with pytest.raises(EnergyRises, match="step of the damage raised the energy"):
        sound.minimise(1.0, sound.owned_damage(), np.inf)


@pytest.mark.parametrize(
    ("split", "shape", "breaks"),
    [
        ("none", "block", True),
        ("spectral", "block", False),  # uniaxial strain: no principal strain is positive
        ("none", "cylinder", True),
        ("volumetric_deviatoric", "cylinder", False),  # pressed equally from all sides
        ("spectral", "cylinder", False),
    ],
)
def test_compression_does_not_damage_with_a_split(split, shape, breaks, tmp_path):
    moved = {**HELD, "right": Support("normal", -3.0), "top": Support("normal", 0.0)}
    if shape == "cylinder":
        moved = {"bottom": Support("normal"), "right": Support("normal", -3.0),
                 "top": Support("normal", -0.3)}  # fmt: skip
    for sign, expected in ((1.0, breaks), (-1.0, True)):
        pressed = {name: replace(s, value=sign * s.value) for name, s in moved.items()}
        found = body(tmp_path, 0.05, split, pressed, 0.3, shape, False)
        found.minimise(1.0, found.owned_damage(), np.inf)
        damage = found.owned_damage()
        if not expected:
            assert damage.max() == 0.0
            continue
        # uniform strain: -g'(d) psi+ = 3 Gc/(8 l), so d = 1 - 3 Gc/(16 l psi+)
        eps = 3.0 * np.array([1.0, 0.0, 0.0] if shape == "block" else [1.0, 1.0, 1.0])
        psi = 0.5 * eps @ hooke.isotropic(1.0, 0.3)[:3, :3] @ eps
        uniform = 1.0 - 3.0 / (16.0 * LENGTH * psi)
        assert damage == pytest.approx(np.full(len(damage), uniform), abs=2e-4)


def test_the_splits_are_those_of_the_principal_strains(tmp_path):
    # psi+ from the eigenvalues by numpy, and its derivative by differences
    rng = np.random.default_rng(1)
    strains = [*rng.normal(size=(12, 6)), NONE, np.array([1.0, 1.0, -1.0, 0, 0, 0]),
               np.array([-1.0, -1.0, 2.0, 0, 0, 0]), np.array([0, 0, 0, 0, 0, 1.0])]  # fmt: skip
    lame, shear = 0.3 / (1.3 * 0.4), 0.5 / 1.3
    for split in ("spectral", "volumetric_deviatoric"):
        bar = body(tmp_path, 0.1, split, HELD, 0.3, plane_stress=False)
        e = fem.Constant(bar.brittle.domain.mesh, np.zeros(6))
        psi = bar.brittle.damaging_density(ufl.variable(e))
        variable = ufl.variable(e)
        slope = ufl.diff(bar.brittle.damaging_density(variable), variable)
        forms = [fem.form(part * bar.brittle.dx) for part in (psi, *(slope[i] for i in range(6)))]

        def by_hand(eps, split=split):
            tensor = np.diag(eps[:3]) + 0.5 * eps[5] * np.eye(3)[[1, 0, 2]] * (1 - np.eye(3))
            trace, values = np.trace(tensor), np.linalg.eigvalsh(tensor)
            if split == "spectral":
                principal = np.maximum(values, 0.0) ** 2
                return 0.5 * lame * max(trace, 0.0) ** 2 + shear * principal.sum()
            bulk, deviator = lame + 2.0 * shear / 3.0, tensor - trace / 3.0 * np.eye(3)
            return 0.5 * bulk * max(trace, 0.0) ** 2 + shear * (deviator**2).sum()

        for eps in strains:
            eps[3:5] = 0.0
            e.value[:] = eps
            found = [10.0 * fem.assemble_scalar(form) for form in forms]
            assert np.all(np.isfinite(found))
            assert found[0] == pytest.approx(by_hand(eps), rel=1e-12, abs=1e-14)
            for i in (0, 1, 2, 5):
                step = 1e-6 * np.eye(6)[i]
                difference = (by_hand(eps + step) - by_hand(eps - step)) / 2e-6
                assert found[1 + i] == pytest.approx(difference, abs=2e-6)


# --- steps ----------------------------------------------------------------------------------------


def test_what_does_not_converge_is_cut_and_leaves_its_steps(tmp_path, monkeypatch):
    monkeypatch.setattr(minimisation, "MOST_ITERATIONS", 3)
    monkeypatch.setattr(growth, "MOST_CUTS", 2)
    out = tmp_path / "out"
    status = run.run([FOLDER / "at1_bar.toml"], out, True, False, (),
                     {"numerics": {"maximum_size": "50 nm", "refinement": "none"}})  # fmt: skip
    assert status == run.FAILED
    rows = list(csv.DictReader((out / GROWTH).read_text().splitlines()))
    assert float(rows[0]["load"]) == pytest.approx(STRENGTH / 3.0, rel=1e-6)
    assert float(rows[-1]["load"]) < 0.7
    assert run.STOPPED in (out / "results.json").read_text()
    assert (out / "mechanics.pvtu").is_file()
    made = pictures_growth.growth_picture(out)
    assert (out / made.file).stat().st_size > 1000
    assert f"in {len(rows)} steps" in made.caption


def test_the_first_step_must_converge(monkeypatch):
    monkeypatch.setattr(minimisation, "MOST_ITERATIONS", 0)
    with pytest.raises(minimisation.SolveFailed, match="alternations"):
        grown(with_stress(4.0, 0.0))


# --- a crack that finds its way -------------------------------------------------------------------


@pytest.mark.parallel
def test_the_same_crack_on_any_number_of_ranks():
    # a bar whose mesh is refined before it breaks; few steps, on all ranks and on each alone
    case = load_case(FOLDER / "at1_bar.toml")
    steps = {"first_step": 0.2, "smallest_step": 0.05, "largest_step": 0.5}
    damage = replace(case.mechanics.damage, **steps)
    mechanics = replace(case.mechanics, damage=damage)
    numerics = replace(case.numerics, maximum_size=0.06)
    case = replace(case, mechanics=mechanics, numerics=numerics, references=())
    together, numbers = grown(case)
    alone, others = grown(case, MPI.COMM_SELF)
    assert together.steps[-1].largest > 0.9
    assert together.steps[-1].cells == alone.steps[-1].cells > 300
    assert [s.load for s in together.steps] == pytest.approx([s.load for s in alone.steps])
    for name in ("damage_start", "damage_energy", "peak_stress.right", "broken_extent.left"):
        assert numbers[name].value == pytest.approx(others[name].value, rel=1e-6), name


@pytest.mark.parallel
def test_damage_is_carried_over_exactly_to_a_mesh_that_was_refined(tmp_path):
    comm = MPI.COMM_WORLD
    folder = Path(comm.bcast(str(tmp_path)))
    block, size = Block("block", 1.0, (Layer("bar", 0.3),), None), MeshSize(0.1, 1.0, 0.1)
    built = comm.bcast(build(block, size, (), folder) if comm.rank == 0 else None)
    coarse = read_domain(built, comm)
    values = fem.Function(damage_space(coarse))
    values.interpolate(lambda x: np.abs(np.sin(20.0 * x[0]) * np.cos(9.0 * x[1])))
    for _ in range(2):  # a rough function: what is carried over from a wrong parent is far off
        some = np.arange(0, len(growth.longest_edges(coarse)), 3, dtype=np.int32)
        fine, parents = refine_with_parents(coarse, some)
        space = damage_space(fine)
        carried = fem.Function(space)
        owned = growth.carried_over(values, coarse, space, fine, parents)
        carried.x.array[: len(owned)] = owned
        carried.x.scatter_forward()
        before, after = (
            comm.allreduce(
                fem.assemble_scalar(fem.form(f**2 * ufl.dx + ufl.grad(f)[0] ** 2 * ufl.dx))
            )
            for f in (values, carried)
        )
        assert after == pytest.approx(before, rel=1e-12)
        coarse, values = fine, carried


FILM = """title = "Stretched film"
[geometry]
shape = "block"
width = "2 um"
layers = [{ name = "substrate", thickness = "1 um" }, { name = "film", thickness = "0.5 um" }]
[mechanics.solids.substrate]
law = "isotropic"
youngs_modulus = "100 MPa"
poissons_ratio = 0.25
fracture_energy = "3 J/m^2"
[mechanics.solids.film]
law = "isotropic"
youngs_modulus = "1 GPa"
poissons_ratio = 0.25
fracture_energy = "0.3 J/m^2"
[mechanics.faces]
left = { law = "symmetry" }
bottom = { law = "symmetry" }
[mechanics.damage]
law = "at1"
length = "0.1 um"
split = "SPLIT"
[load]
stretch = "4 %"
[numerics]
maximum_size = "0.1 um"
refinement = "none"
"""


@pytest.mark.parametrize("split", ["none", "volumetric_deviatoric", "spectral"])
def test_a_stretched_film_is_damaged_first_where_the_law_says(split, tmp_path):
    # equal stretch s in both directions, free upwards: 2 psi = 2 E s^2/(1 - nu); the trace is
    # positive, so that all of it counts
    path = tmp_path / "film.toml"
    path.write_text(FILM.replace("SPLIT", split))
    case = load_case(path)
    fragile = make_fragile(case, case.geometry)
    domain = growth.first_mesh(fragile, lambda block: make_mesh(case, MPI.COMM_WORLD),
                               MPI.COMM_WORLD)  # fmt: skip
    start = growth.Follower(fragile, domain).start()
    twice = 2.0 * 1000.0 / 0.75  # over s^2
    if split == "spectral":  # without what presses through the thickness, -2 nu s/(1 - nu)
        twice -= 2.0 * (1000.0 / 2.5) * (2.0 * 0.25 / 0.75) ** 2
    assert start * 0.04 == pytest.approx((3.0 * 0.3 / (8.0 * 0.1) / twice) ** 0.5, rel=1e-6)
