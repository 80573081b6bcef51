"""Every screen with something on it: for accessibility, measures and pictures."""
