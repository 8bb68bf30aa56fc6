"""Programs that run and test Accompanist on one machine. No module of the package imports them."""
