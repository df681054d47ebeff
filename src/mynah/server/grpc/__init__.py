"""The gRPC protocol: `mynah.v1.Speech`, as `proto/mynah/v1/speech.proto` describes it."""
