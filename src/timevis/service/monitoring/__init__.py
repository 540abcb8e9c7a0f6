"""The daily loop: monitors store forecasts, score them when the truth arrives, raise alerts and train challengers."""
