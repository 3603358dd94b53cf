"""Benchmarks: each prints what it measured, in one run on one machine, and the ratios that carry over to others."""
