"""Results as text, for people.

`labels` names metrics and costs. `run_report` writes report.html from the texts of `run_sections` and
`data_findings`. `run_console` and `data_console` print to the terminal. `comparison_report` writes the files of a
comparison.
"""
