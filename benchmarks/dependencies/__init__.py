"""Dependencies of a server that are stopped, slowed, stalled and filled while callers speak."""
