"""Forecasters of other libraries on the windows, metrics and run folders of TimeVis."""
