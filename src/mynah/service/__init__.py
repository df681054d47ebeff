"""HTTP calls become speech and voices: who asks, what they may, and what they are answered.

Doors: `mynah.service.app.create_app` and, for other protocols in the same process,
`mynah.service.services.Services`.
"""
