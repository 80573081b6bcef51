"""Retrieval without Django: values in, values out."""
