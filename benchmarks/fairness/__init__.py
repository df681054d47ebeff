"""Fairness: the first audio of one owner beside the worst that another one does."""
