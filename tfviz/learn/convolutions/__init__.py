"""What convolutions look at: taps, receptive fields, deformation."""
