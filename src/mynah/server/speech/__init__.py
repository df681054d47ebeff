"""Speech: requests, streams, caching and streaming input."""
