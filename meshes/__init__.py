"""Gmsh meshes of lithium interfaces: geometry, size, building, checking.

The parts: `geometry` (data, names, faults; no Gmsh), `sizing` (element sizes), `mesh` (what a
built mesh is), `section` and `solid` (the 2D and 3D builders), `file` (meshes from files),
`checks` (is it what was asked for), `build` (the two entry points `build` and `cached`).
"""
