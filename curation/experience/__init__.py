"""Keeping experience: what is learned from episodes, kept small and true, shared, and erased."""
