"""Simulated deployments lived through in this instance, for showing and for measuring."""
