"""Roles: the loop's own jobs, each done by a model that had to show first that it can."""
