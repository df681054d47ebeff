"""The machine: devices, threads, files, log lines and spans."""
