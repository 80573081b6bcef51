"""What helps, measured: methods against each other on prompts that nothing was trained on.

Pure: sets of prompts with their scores, methods, statistics. Rows, jobs and pages are in
``training/services/evaluations.py`` and ``training/views/evaluations.py``.
"""
