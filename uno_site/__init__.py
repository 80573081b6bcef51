"""The site: settings, accounts, jobs, and the inference engine."""

import os

# OpenMP's threads (llama.cpp's and torch's) wait for each other by spinning, by default for
# milliseconds. While another process has one of their cores, every wait lasts until the
# scheduler takes turns: with one core busy, torch took 10 times as long and llama.cpp over 50
# times. Short spins, then sleep, cost a few per cent on a free machine (docs/experiments.md).
os.environ.setdefault("GOMP_SPINCOUNT", "1000")
