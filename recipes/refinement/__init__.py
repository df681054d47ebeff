"""From a starter to a clearer one, by dictated speech alone."""
