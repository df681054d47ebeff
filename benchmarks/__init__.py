"""What Mynah is measured by; none of it ships."""
