"""The compiler as a sidecar uses it: in its own process, or in one that ends with its answer.

Begin with `sidecar.compiling.port`.
"""
