"""Tables that do not come from a file as it is: frames, samples, newer rows and files to forecast from."""
