"""The torch backend: transformers computes the model, PEFT its adapters; on a GPU or a CPU.

``backend.py`` puts it together; ``loading.py`` finds the model; ``model.py`` holds the weights
and the vocabulary; ``context.py`` runs batches over the keys and values of ``slot_cache.py``;
``lora.py`` mixes adapters within a batch; ``guidance.py`` enforces JSON schemas.
"""
