"""shipdash: how few of 10,000 training pairs does a segmentation network need?

Not a general training framework: one experiment, told honestly.
"""

__version__ = "0.3.0"
