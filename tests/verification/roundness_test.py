"""Bounds of a cell with discs hold for the discs, not only for the polygons of the mesh."""

import math

import numpy as np
import pytest

from meshes.layers import Layer
from meshes.micro import Body, Particles
from meshes.particles import balls
from meshes.structure import build_structure
from solver.case import load_case
from solver.effective import solve_effective
from solver.effective_quantities import effective_quantities
from solver.mechanics_run import make_mesh
from tests.conftest import COMM

CASE = """
title = "t"
question = "q"
[geometry]
shape = "particles"
width = "1 um"
layers = [{{ name = "matrix", thickness = "1 um" }}]
name = "discs"
inside = "matrix"
volume_fraction = {share}
{how}
periodic = "all"
resolution = "{size} um"
[regions.matrix]
law = "ionic_conductor"
conductivity = "1 mS/cm"
[regions.discs]
law = "{law}"
[effective]
conductivity = true
[numerics]
accuracy = "1 %"
"""
