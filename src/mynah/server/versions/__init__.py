"""Versions of voices: storage, rollout, routing, outcomes and automatic rollback."""
