"""Chains of services that are far from one another: what distance costs a choreography, and an orchestrator."""
