"""The server: use cases, and the protocols HTTP and gRPC.

Entry points: `mynah.server.asgi.create_app` and, for other protocols in the same process,
`mynah.server.services.Services`.
"""
