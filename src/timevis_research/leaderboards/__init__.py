"""Public leaderboards: their tasks as data of TimeVis, and models of TimeVis as entries."""
