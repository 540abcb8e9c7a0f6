"""Results as text, for people.

`report_page` makes the report of a run in a language from the texts of `run_sections` and `data_findings`, and
`run_report` writes it with its charts into the run folder. `run_console` and `data_console` print to the terminal.
`comparison_report` writes the files of a comparison.
"""
