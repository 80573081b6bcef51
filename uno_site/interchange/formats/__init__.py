"""One module for each family of formats: how its rows are known and read."""
