"""Networks that listen and read: how the pretrained ones of the released models are loaded."""
