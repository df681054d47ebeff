"""The engine as threads of this process."""
