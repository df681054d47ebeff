"""The HTTP protocol: server, dependencies, middleware and routers."""
