"""Where the time goes, as medians, ratios and matrix products; and what is recorded.

It computes no result of an experiment and is not installed with `shipdash`. TensorFlow and the
browser work in processes of their own, one program of this package each; `python -m benchmarks`
asks them, adds up and stores.
"""
