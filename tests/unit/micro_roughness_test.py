"""Rms and correlation length of rough faces, as the mesh has them."""

import math
import re
from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import brentq

from meshes.layers import Layer
from meshes.micro import Body, Pits, Rough, RoughFace
from meshes.roughness import correlation_of, rms_of
from meshes.structure import build_structure

STACK = (Layer("lithium", 3.0), Layer("film", 3.0), Layer("electrolyte", 3.0))
FACE = RoughFace("lithium", 0.4, 2.0, 0.8)
ROUGH = Rough(Body(16.0, 16.0, STACK, 0.4, "sides", 5), (FACE,))


def told(method: str) -> list[tuple[str, float, float, float, float]]:
    number = r"([0-9.e+-]+)"
    text = rf"face of (\w+): rms {number} um \({number} um asked for\), "
    text += rf"correlation {number} um \({number} um asked for\)"
    return [(n, *map(float, numbers)) for n, *numbers in re.findall(text, method)]


def length(face: RoughFace) -> float:
    """Where the correlation less its mean over the cell of 16 um is 1/e of that at zero."""
    mean = math.pi * face.correlation**2 * math.gamma(1.0 + 1.0 / face.hurst) / 256.0

    def left(r: float) -> float:
        wanted = math.exp(-((r / face.correlation) ** (2.0 * face.hurst)))
        return (wanted - mean) / (1.0 - mean) - math.exp(-1.0)

    return float(brentq(left, 0.1, 8.0))


def test_rough_faces_are_told_with_their_rms_and_correlation():
    faces = (FACE, replace(FACE, layer="film", rms=0.3, correlation=2.5))
    method = build_structure(replace(ROUGH, faces=faces), ()).method
    found = told(method)
    assert [each[0] for each in found] == ["lithium", "film"]
    for (_, rms, asked_rms, correlation, asked), face in zip(found, faces, strict=True):
        assert (asked_rms, asked) == (face.rms, face.correlation)
        assert rms == pytest.approx(face.rms, rel=0.03)
        assert correlation == pytest.approx(length(face), rel=0.05)


def test_a_face_with_pits_is_not_told_but_others_are():
    pits = Pits("pit", "film", "cylinder", 3.0, 1.0, 2)
    micro = replace(ROUGH, faces=(FACE, replace(FACE, layer="film", rms=0.1)), pits=pits)
    (only,) = told(build_structure(micro, ()).method)
    assert only[0] == "lithium" and only[1] == pytest.approx(0.4, rel=0.03)


def test_a_wave_has_the_rms_and_correlation_of_a_cosine():
    # amplitude 0.5 in a plane section: rms 0.5/sqrt 2; cos(k r) = 1/e
    x = np.linspace(0.0, 16.0, 401)
    line = np.stack([x, 0.5 * np.cos(2.0 * math.pi * x / 8.0)], axis=1)
    corners = np.stack([line[:-1], line[1:]], axis=1)
    micro = replace(ROUGH, body=replace(ROUGH.body, depth=0.0, resolution=0.08))
    assert rms_of(corners) == pytest.approx(0.5 / math.sqrt(2.0), rel=1e-3)
    wanted = 8.0 / (2.0 * math.pi) * math.acos(math.exp(-1.0))
    assert correlation_of(corners, micro) == pytest.approx(wanted, rel=1e-2)
