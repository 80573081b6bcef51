"""Benchmarks: each compares with a named baseline in the same run (docs/benchmarks.md)."""
