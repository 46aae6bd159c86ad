"""How long a call to AWS takes in a benchmark."""

LATENCY = 0.05
