"""What changes the curation rooms' rows: each module one verb."""
