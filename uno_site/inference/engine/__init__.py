"""The local inference engine: one process, one model, many conversations in one batch."""
