"""Speed of Mynah, by stage and for many callers at a time."""
