"""What is done with finished runs: forecasts, scores of other data, explanations, ensembles."""
