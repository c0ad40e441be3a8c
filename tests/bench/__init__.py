"""Measurements, not tests: ratios of runs side by side, printed."""
