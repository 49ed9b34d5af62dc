"""Forms that a killed run has left half made do not stop later ones; those of living runs stay."""

import fcntl
import os
import time

import pytest
import ufl
from dolfinx import fem, jit, mesh
from mpi4py import MPI

from solver.compiled import LOCK, LONGEST, compiled_forms


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setitem(jit.DOLFINX_DEFAULT_JIT_OPTIONS, "cache_dir", (tmp_path, ""))
    return tmp_path


def half_made(folder, age):
    path = folder / f"libffcx_forms_{age:.0f}.c"
    path.touch()
    os.utime(path, (time.time() - age,) * 2)
    return path


def test_a_form_that_a_killed_run_has_begun_is_compiled_by_the_next(folder):
    square = mesh.create_unit_square(MPI.COMM_SELF, 1, 1)
    x = ufl.SpatialCoordinate(square)

    def integral():
        form = fem.form(x[0] ** 3 * ufl.dx(square))
        return fem.assemble_scalar(form), form.module.__name__

    with compiled_forms():
        first, name = integral()
        for path in folder.glob(f"{name}*"):
            if path.name != f"{name}.c":
                path.unlink()  # as the kill of a compiler leaves it
        assert [path.name for path in folder.glob("lib*.c")] == [f"{name}.c"]
    jit.DOLFINX_DEFAULT_JIT_OPTIONS["timeout"] = (2, "")
    with pytest.raises(TimeoutError):
        integral()
    with compiled_forms():
        again, _ = integral()
    assert (first, again) == (pytest.approx(0.25), pytest.approx(0.25))


def test_what_another_living_run_may_be_compiling_stays(folder):
    young, old = half_made(folder, 5.0), half_made(folder, LONGEST + 5.0)
    done = half_made(folder, 2.0 * LONGEST)
    done.with_suffix(".c.cached").touch()
    with (folder / LOCK).open("a") as other:
        fcntl.flock(other, fcntl.LOCK_SH)
        with compiled_forms():
            assert young.exists()
            assert not old.exists()
    with compiled_forms():
        assert not young.exists()
        mine = half_made(folder, 5.0)
        with compiled_forms():  # the first one lives and may be compiling it
            assert mine.exists()
    with (folder / LOCK).open("a") as other:
        fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)  # an ended run holds nothing
    assert done.exists()
