"""Volatile sessions: the same cores, workers and peers, with memory in place of the log.

sessions    the volatile sessions of one sidecar: what comes in, what is decided, and how they end
held        what a sidecar holds of one of them
calling     their calls to workers
forgetting  what workers may forget of them
losing      what is undone where a session is lost
ways        how peers are reached: over links, or by calls to their sidecars
"""
