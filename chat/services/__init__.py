"""Everything that writes in the chat room, one module a subject."""
