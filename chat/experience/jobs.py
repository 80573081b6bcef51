"""The store's background work."""
