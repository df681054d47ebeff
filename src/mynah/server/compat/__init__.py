"""APIs of other products, so that their clients work unchanged: one app each."""
