"""The largest plastic strain of a ball, which is that of its inner face: Hill's exact value."""

import pytest
from mpi4py import MPI

from solver.simulate import simulate
from tests.verification.helpers import case_of

TEXT = """
title = "perfectly plastic sphere"
[geometry]
shape = "ball"
inner_radius = "1 um"
[[geometry.layers]]
name = "inside"
thickness = "1 um"
[[geometry.layers]]
name = "outside"
thickness = "1 um"
[mechanics.solids.inside]
law = "isotropic"
youngs_modulus = "1000 MPa"
poissons_ratio = 0.3
formulation = "mixed"
flow = { law = "plastic", yield_stress = "1 MPa" }
[mechanics.solids.outside]
law = "isotropic"
youngs_modulus = "1000 MPa"
poissons_ratio = 0.3
formulation = "mixed"
flow = { law = "plastic", yield_stress = "1 MPa" }
[mechanics.faces.inner]
law = "traction"
pressure = "1.8554295 MPa"
[load]
steps = 8
[numerics]
accuracy = "5 %"
[output]
pictures = false
"""


@pytest.mark.slow
def test_the_bar_of_the_largest_plastic_strain_holds_hill(tmp_path):
    # plastic up to c = 2 a: 2 (1 - nu) (Y/E) ((c/r)^3 - 1), largest at r = a (Hill 1950, ch. 5)
    solution = simulate(case_of(TEXT, tmp_path), MPI.COMM_SELF, lambda _: None)
    found = {q.name: q for q in solution.quantities}
    exact = 2.0 * 0.7 * 1e-3 * (2.0**3 - 1.0)
    strain = found["largest_plastic_strain"]
    assert strain.lower <= exact <= strain.upper
    assert strain.value == pytest.approx(exact, rel=0.015)  # the largest of the points: 8 % above
    assert strain.upper - strain.lower < 0.1 * exact
