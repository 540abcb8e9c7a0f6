"""The Hydra configs of TimeVis, installed as `timevis.conf`."""
