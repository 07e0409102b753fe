"""Kernels compiled on a function that the user supplies (Numba, loaded when first used)."""
