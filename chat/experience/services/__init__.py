"""What changes the experience store."""
