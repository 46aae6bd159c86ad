"""How long a call to AWS takes in a benchmark."""

from benchmarks.sizes import size

LATENCY = size(0.05, small=0.005)
