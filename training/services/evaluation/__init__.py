"""Running evaluations: scratch instances, the methods in them, and the rows of the results."""
