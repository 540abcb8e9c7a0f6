"""What a reader sees of a run or a comparison: charts, report.html, the console, LaTeX and a notebook."""
