"""Choreographies of the literature, each with its source, as a gallery of the language.

Every file is whole: roles, messages, the choreography, and below it fake workers (`WORKERS`), arguments and results.
`tests/language/test_gallery.py` checks each, and runs it by direct reading, as projections, and in `testing.Saga`;
`tests/sidecar/test_gallery.py` on real sidecars with a real Postgres.
"""
