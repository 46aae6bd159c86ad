"""The ledger as one page to hand on: records, coverage and findings in, a self-contained HTML file out. Pure.

`aggregation` reads records once, `attention` says what of it wants somebody's attention, `page` writes the file.
Nothing here calls AWS or reads a clock.
"""
