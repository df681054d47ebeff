"""The recipe of the starter model, from public sources to the files in `mynah/starter/`."""
