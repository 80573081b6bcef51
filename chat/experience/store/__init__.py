"""Where notes are searched: in memory by NumPy, or in PostgreSQL by pgvector."""
