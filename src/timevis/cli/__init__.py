"""The commands of `timevis`. They import large libraries within functions, so that help and errors come at once."""
