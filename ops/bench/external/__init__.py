"""The shipped system behind one HTTP address, for benchmarks of others that post orders of their own form.

`python -m ops.bench.external --spec` says to such a benchmark how to start it.
"""
