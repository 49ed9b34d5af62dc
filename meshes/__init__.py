"""Gmsh meshes of lithium interfaces: geometry, size, building, checking.

The parts: `geometry` (data), `names` and `faults` (what follows from it without Gmsh), `sizing` and
`field` (element sizes), `mesh` (what a built mesh is), `section`, `plan` and `solid` (the 2D and 3D
builders), `file` (meshes from files), `checks` and `topology` (is it what was asked for), `build`
(the entry points `build` and `cached`).
"""
