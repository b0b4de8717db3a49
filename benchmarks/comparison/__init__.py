"""Measures Sojourn beside its peers. `command.py` is what `benchmarks/run` runs; a row of the table
is a function in `rows/`; `bench.py` is what rows are given."""
