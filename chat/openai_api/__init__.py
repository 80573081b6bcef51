"""The public API under ``/v1/``: OpenAI's shapes, answered along the served routes."""
