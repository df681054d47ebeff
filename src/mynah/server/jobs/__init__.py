"""Jobs as callers see them."""
