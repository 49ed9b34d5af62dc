"""Effective stiffnesses of periodic cells against exact ones and proved bounds."""

import numpy as np
import pytest
from mpi4py import MPI

from solver.domain import read_domain
from solver.effective_stiffness import (
    Elastic,
    Loose,
    hashin_shtrikman_moduli,
    response,
    voigt_and_reuss,
)
from solver.hooke import cubic, isotropic
from tests.verification.periodic_cells import blocks, cylinder, periodic_mesh, sphere

COMM = MPI.COMM_WORLD
SOFT, HARD = isotropic(1.0, 0.3), isotropic(10.0, 0.2)


def elastic(folder, make, dim, laws, comm=COMM, omit=()):
    built = periodic_mesh(folder, comm, make, dim, omit)
    return Elastic(read_domain(built, comm), laws, 1.0, {})


def laminate(laws, shares):
    """Exact stiffness of layers along y (Backus 1962, J. Geophys. Res. 67, 4427).

    The strains along the layers and the stresses across are uniform: xx, zz, xz of the strain;
    yy, yz, xy of the stress. What follows is averaged and turned back.
    """
    along, across = [0, 2, 4], [1, 3, 5]
    inverse = lambda c: np.linalg.inv(c[np.ix_(across, across)])  # noqa: E731
    mean = lambda f: sum(p * f(c) for c, p in zip(laws, shares, strict=True))  # noqa: E731
    nn = np.linalg.inv(mean(inverse))
    coupling = mean(lambda c: inverse(c) @ c[np.ix_(across, along)])
    rest = mean(
        lambda c: (
            c[np.ix_(along, along)]
            - c[np.ix_(along, across)] @ inverse(c) @ c[np.ix_(across, along)]
        )
    )
    out = np.zeros((6, 6))
    out[np.ix_(across, across)] = nn
    out[np.ix_(across, along)] = nn @ coupling
    out[np.ix_(along, across)] = (nn @ coupling).T
    out[np.ix_(along, along)] = rest + coupling.T @ nn @ coupling
    return out


@pytest.mark.parametrize("other", [HARD, cubic(20.0, 8.0, 9.0)])
def test_laminates_are_exact(tmp_path, other):
    # 1/4 soft and 3/4 hard: no fluctuation but a linear one in every layer
    colours = np.array([[[0], [1], [1], [1]]])
    cell = elastic(tmp_path, lambda path: blocks(path, colours, 0.25), 3, {"a": SOFT, "b": other})
    exact = laminate([SOFT, other], [0.25, 0.75])
    assert response(cell, "periodic").tensor == pytest.approx(exact, rel=1e-9, abs=1e-9)


@pytest.mark.parallel
def test_a_plane_section_is_the_body_that_goes_on_without_end(tmp_path):
    # the same laminate: strains xx, yy, zz, xy of the section; also across ranks
    colours = np.array([[0, 1, 1, 1]])

    def make(path):
        return blocks(path, colours, 0.2)

    part = np.ix_([0, 1, 2, 5], [0, 1, 2, 5])
    exact = laminate([SOFT, HARD], [0.25, 0.75])[part]
    cell = elastic(tmp_path, make, 2, {"a": SOFT, "b": HARD})
    assert response(cell, "periodic").tensor == pytest.approx(exact, rel=1e-9, abs=1e-9)
    corner = np.array([[0, 1, 1], [1, 1, 1], [1, 1, 1]])
    together = elastic(tmp_path, lambda p: blocks(p, corner, 0.12), 2, {"a": SOFT, "b": HARD})
    alone = elastic(
        tmp_path, lambda p: blocks(p, corner, 0.12), 2, {"a": SOFT, "b": HARD}, MPI.COMM_SELF
    )
    for sides in ("periodic", "affine"):
        one, other = (response(cell, sides).tensor for cell in (together, alone))
        assert one == pytest.approx(other, rel=1e-9, abs=1e-9)


def test_one_material_has_its_own_stiffness(tmp_path):
    crystal = cubic(20.0, 8.0, 9.0, 0.3)
    cell = elastic(tmp_path, lambda p: blocks(p, np.eye(3), 0.3), 2, {"a": crystal, "b": crystal})
    part = np.ix_([0, 1, 2, 5], [0, 1, 2, 5])
    for sides in ("periodic", "affine"):
        assert response(cell, sides).tensor == pytest.approx(crystal[part], rel=1e-9, abs=1e-9)


def least(tensor):
    return np.linalg.eigvalsh(tensor).min()


@pytest.mark.parametrize("make", ["cylinder", "corner"])
def test_order_of_the_tensors(tmp_path, make):
    # Reuss <= periodic <= affine <= Voigt for all strains at once; strict for a real mixture
    laws = {"matrix": SOFT, "inclusion": HARD, "a": HARD, "b": SOFT}
    if make == "cylinder":
        cell = elastic(tmp_path, lambda p: cylinder(p, 0.3, 0.12, 0.06), 2, laws)
    else:
        corner = np.array([[0, 1], [1, 1]])
        cell = elastic(tmp_path, lambda p: blocks(p, corner, 0.1), 2, laws)
    regions = {region.name: region.computed for region in cell.domain.built.report.regions}
    voigt, reuss = voigt_and_reuss(cell, regions)
    periodic, affine = (response(cell, sides).tensor for sides in ("periodic", "affine"))
    assert least(periodic - reuss) > 1e-3
    assert least(affine - periodic) > -1e-12 and np.abs(affine - periodic).max() > 1e-2
    # one strain, with zz, makes equal stresses in the section of both phases: left out here
    section = np.ix_([0, 1, 3], [0, 1, 3])
    assert least((voigt - affine)[section]) > 1e-2


def test_hills_relation_for_phases_of_one_shear_modulus(tmp_path):
    # Hill 1963, J. Mech. Phys. Solids 11, 357: if all phases have the shear modulus G, then
    # 1/(K + 4G/3) is the mean of 1/(K_i + 4G/3) for every geometry: here K = 1, 7 and G = 1, with
    # 1/4 of the first: 1/(0.25/2.3333 + 0.75/8.3333) = 5.072464, K = 3.739130
    def law(bulk):
        stiffness = np.diag([2.0] * 3 + [1.0] * 3)
        stiffness[:3, :3] += bulk - 2.0 / 3.0
        return stiffness

    laws = {"inclusion": law(1.0), "matrix": law(7.0)}
    cell = elastic(tmp_path, lambda p: cylinder(p, 0.25, 0.1, 0.03), 2, laws)
    tensor = response(cell, "periodic").tensor
    assert tensor[:3, :3].sum() / 9.0 == pytest.approx(3.739130, rel=1e-4)
    assert tensor[:3, :3].sum() / 9.0 > 3.739130  # an upper bound
    assert tensor[3, 3] == pytest.approx(1.0, rel=1e-4)


def test_upper_tensors_fall_as_meshes_get_finer(tmp_path):
    def of(size):
        corner = np.array([[0, 1], [1, 1]])
        cell = elastic(tmp_path, lambda p: blocks(p, corner, size), 2, {"a": HARD, "b": SOFT})
        return response(cell, "periodic").tensor

    coarse, middle, fine = (np.trace(of(size)) for size in (0.2, 0.1, 0.05))
    assert coarse > middle > fine
    assert (coarse - middle) / (middle - fine) > 1.8  # corners: better than first order


@pytest.mark.slow
def test_cubic_spheres_lie_between_the_bounds_of_hashin_and_shtrikman(tmp_path):
    # the bulk modulus of a cubic array is bounded by them as that of an isotropic mixture
    cell = elastic(
        tmp_path, lambda p: sphere(p, 0.3, 0.15, 0.08), 3, {"matrix": SOFT, "inclusion": HARD}
    )
    tensor = response(cell, "periodic").tensor
    bulk = [1.0 / (3.0 * (1.0 - 0.6)), 10.0 / (3.0 * (1.0 - 0.4))]
    shear = [1.0 / 2.6, 10.0 / 2.4]
    (low, high), _ = hashin_shtrikman_moduli([0.7, 0.3], bulk, shear)
    assert low < tensor[:3, :3].sum() / 9.0 < high
    assert tensor[0, 0] == pytest.approx(tensor[2, 2], rel=5e-3)
    assert np.abs(tensor[:3, 3:]).max() < 5e-3 * tensor[0, 0]


def test_hashin_and_shtrikman_by_hand():
    # K = 1, 2 and G = 1, 2 in equal parts: zeta = (9 + 8)/18 = 17/18 and (18 + 16) 2/(6 6) = 17/9
    # K: 1/(0.5/(7/3) + 0.5/(10/3)) - 4/3 = 1.4117647; 1/(0.5/(11/3) + 0.5/(14/3)) - 8/3 = 1.44
    (k_low, k_high), (g_low, g_high) = hashin_shtrikman_moduli([0.5, 0.5], [1.0, 2.0], [1.0, 2.0])
    assert (k_low, k_high) == pytest.approx((24.0 / 17.0, 1.44))
    low = 1.0 / (0.5 / (1.0 + 17.0 / 18.0) + 0.5 / (2.0 + 17.0 / 18.0)) - 17.0 / 18.0
    high = 1.0 / (0.5 / (1.0 + 17.0 / 9.0) + 0.5 / (2.0 + 17.0 / 9.0)) - 17.0 / 9.0
    assert (g_low, g_high) == pytest.approx((low, high))


def test_loose_solids_are_refused(tmp_path):
    ring = np.array([[0, 0, 0, 0], [0, 1, 0, 1], [0, 0, 0, 0], [0, 1, 0, 1]])
    loose = elastic(tmp_path, lambda p: blocks(p, ring, 0.2), 2, {"b": SOFT}, omit=["a"])
    with pytest.raises(Loose):
        response(loose, "periodic")


@pytest.mark.parametrize("islands", [[[0, 0], [0, 1]], [[0, 1], [0, 1]]])
def test_solids_that_do_not_lead_through_the_cell_are_refused(tmp_path, islands):
    # one connected piece: an island, or a bar along one axis; rounding is no stiffness
    cell = elastic(
        tmp_path, lambda p: blocks(p, np.array(islands), 0.25), 2, {"b": SOFT}, omit=["a"]
    )
    with pytest.raises(Loose, match="do not lead through"):
        response(cell, "periodic")


def test_a_soft_phase_is_no_void(tmp_path):
    # 1e-14 of the matrix all around an island: soft, but a stiffness
    laws = {"a": 1e-14 * SOFT, "b": SOFT}
    cell = elastic(tmp_path, lambda p: blocks(p, np.array([[0, 0], [0, 1]]), 0.25), 2, laws)
    assert 0.0 < least(response(cell, "periodic").tensor) < 1e-12
