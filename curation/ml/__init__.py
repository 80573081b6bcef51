"""Pure curation algorithms: values in, values out; no Django, no torch, no I/O."""
