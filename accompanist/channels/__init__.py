"""How messages travel between services: inside one database by `deliver` (the log does it), between databases by the
sidecars, in the form that `channels.peers` says."""
