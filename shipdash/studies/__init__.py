"""Runs that belong together: arms, orders, folds, grids."""
