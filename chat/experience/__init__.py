"""The experience store: notes learned from chats, shown to the model again in later replies."""
