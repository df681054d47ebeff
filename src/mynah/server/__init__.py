"""HTTP calls become speech and voices: who asks, what they may, and what they are answered.

Doors: `mynah.server.asgi.create_app` and, for other protocols in the same process,
`mynah.server.app.Services`.
"""
