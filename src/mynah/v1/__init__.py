"""Code that `make proto` generates from `proto/mynah/v1/speech.proto`."""
