"""Measuring (medians, ratios, matrix products), the studies that documents report, recording.

It is not installed with `shipdash`. TensorFlow and the
browser work in processes of their own, one program of this package each; `python -m benchmarks`
asks them, adds up and stores.
"""
