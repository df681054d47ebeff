"""Quality of speech: intelligibility, likeness and cleanness against real people."""
