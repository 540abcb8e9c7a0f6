"""Research code of TimeVis that the product does not import: how its networks are pretrained."""
