"""How TimeVis was made and judged; the product does not import it. README.md lists the parts."""
