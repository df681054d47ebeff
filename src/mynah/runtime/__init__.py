"""What Mynah knows of the machine that it runs on."""
