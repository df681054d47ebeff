"""How good Mynah sounds: intelligibility, likeness and cleanness against real people."""
