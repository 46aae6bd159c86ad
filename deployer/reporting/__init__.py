"""The report: one self-contained HTML file made from records, coverage and findings. Pure.

`aggregation` reads the records once, `attention` selects the findings that need attention, `page` writes the file.
Nothing here calls AWS or reads a clock.
"""
