"""Texts of errors on data, of advice, of notes of reading, and of texts within them, by code."""

from __future__ import annotations

DATA_ERROR_MESSAGES = {
    "file-empty": "{source}: the file is empty",
    "file-too-large": "the file has more than {megabytes} MB",
    "request-too-large": "the request has more than {megabytes} MB",
    "file-name-ending": "{source}: the suffix {suffix} is not that of a format that TimeVis reads",
    "content-unlike-name": "{source}: the name is that of {named}, but the content is {found_format}",
    "file-damaged": "{source}: the file is damaged or not complete ({reason})",
    "workbook-damaged": "{source}: the workbook is damaged or encrypted ({reason})",
    "archive-password": "{source}: the archive needs a password",
    "reading-too-slow": "{source} could not be read within {seconds} s",
    "reading-needs-memory": "{source} could not be read within {megabytes} MB of memory ({reason})",
    "too-many-rows": "the table has more than {maximum:,} rows: {count:,}",
    "too-many-columns": "the table has more than {maximum:,} columns: {count:,}",
    "too-many-sheets": "the table has more than {maximum:,} sheets: {count:,}",
    "table-without-rows": "{source}: the table has no rows",
    "one-column": (
        "{source}: found only one column ({column!r}), but a table needs a column of times and one of values"
    ),
    "unclosed-quote": "{source}: row {row}: a double quote opens a cell and is never closed",
    "wrong-number-of-cells": "{source}: row {row} has {count} columns, the header has {expected}",
    "header-holds-values": "{source}: row {row} should hold the column names, but it holds values ({cells}, ...)",
    "column-name-repeated": "{source}: several columns are named {column!r}",
    "not-in-encoding": "{source}: row {row} is not {encoding} text (byte {byte} of the file is {value})",
    "binary-data": "{source}: row {row} holds binary data (byte {byte} is zero)",
    "sheet-without-table": "{source}: sheet {sheet!r} holds no table",
    "workbook-without-table": "{source}: no sheet holds a table",
    "unknown-sheet": "{source} has no sheet {sheet!r}",
    "formula-without-value": (
        "{source}: row {row}, column {column!r} holds a formula without a saved value, and {count} more cells do"
    ),
    "not-json": "{source}: not JSON at row {row}, column {position}: {reason}",
    "json-without-table": "{source}: the JSON is neither records nor columns",
    "decimal-mark-unclear": (
        "{where}: the {mark} in numbers such as {cell!r} may be a decimal mark or a thousands separator"
    ),
    "no-such-column": "{source} has no column {column!r}",
    "no-time-column": "{source}{sheet_note}: there is no time column among {columns}",
    "no-numeric-column": "{source}{sheet_note}: no numeric column is left to forecast ({reasons})",
    "target-not-numeric": "{source}: column {column!r}{cell} {reason}, so it cannot be a target",
    "covariate-not-numeric": "{source}: the covariate {column!r} {reason}",
    "nothing-changes": "{source}: no column changes, so there is nothing to forecast ({reasons})",
    "no-such-channel": "{source} has no channel {channel!r}: the run forecasts {channels}, but the file has {found}",
    "text-in-number-column": "{source}: {place}, column {column!r} holds text{more}: {cell}",
    "number-infinite": "{source}: {place}, column {column!r} is infinite{more}",
    "too-fine-for-data": (
        "{source}: column {column!r}{series} changes by {change:g} from row to row around {value:g}, too finely for "
        "32-bit floats"
    ),
    "number-too-large-for-data": "{source}: {place}, column {column!r} is too large ({value:g}){more}",
    "numbers-too-small": ("{source}: column {column!r}: the largest value is {value:g}, too small for 32-bit floats"),
    "steps-below-1-ms": (
        "{source}: column {column!r}: the times are less than 1 ms apart on average, but steps below 1 ms are not "
        "supported"
    ),
    "time-empty": "{source}: {place}, column {column!r}: the time is empty{more}",
    "time-unreadable": "{source}: {place}, column {column!r}: the time{cell} is not a date or time{more}",
    "time-is-a-number": "{source}: {place}, column {column!r}: the number {value:g} is not a time",
    "zone-not-in-run": (
        "{source}: the times have a time zone ({zone}), but the run was trained on times without one"
    ),
    "zone-only-in-run": ("{source}: the times have no time zone, but the run was trained on times with one ({zone})"),
    "zones-mixed": (
        "{source}: {place}, column {column!r}: {cell!r} has {zone} time zone, while {first!r} above has {first_zone}"
    ),
    "midnight-twice": "{source}: {place}, column {column!r}: {cell!r} is the same time as {other!r} in {other_place}",
    "year-order-unclear": (
        "{source}: column {column!r}: dates such as {cell!r} may be read with the year first or last"
    ),
    "day-order-unclear": "{source}: column {column!r}: dates such as {cell!r} may be read day first or month first",
    "day-order-mixed": (
        "{source}: column {column!r} has the day first in {place} ({cell!r}) and the month first in {other_place} "
        "({other!r})"
    ),
    "day-and-month-swapped": (
        "{source}: column {column!r} holds the date {cell!r} in {place} and the text {other!r} in {other_place}; "
        "no date has a day above 12 and every text has one, so a spreadsheet has probably swapped day and month"
    ),
    "number-time-unclear": (
        "{source}: column {column!r}: numbers such as {value:.0f} may be read as {short} or as {long}"
    ),
    "series-name-empty": "{source}: {place}, column {column!r} is empty",
    "every-row-empty": "{source}: every row is empty",
    "rows-disagree": "{source}: {times} several rows that disagree, the first {first}",
    "too-few-times": "{source}: {times} too few for a series",
    "no-regular-step": (
        "{source}: the times have no regular step (the most common, {step}, is {share:.0%} of all steps)"
    ),
    "irregular-months": (
        "{source}: the steps between times are about {days:.0f} days, but not whole months, quarters or years"
    ),
    "no-time-on-grid": "{source}: no time lies on the grid of data.frequency={frequency} (the first is {first})",
    "steps-too-far-apart": "{source}: no two times are one step of {frequency} apart; most are {steps} steps apart",
    "time-far-away": (
        "{source}: {place} has the time {time}, far from the rest: a grid from {first} to {last} has {rows} rows, "
        "{empty} of them empty"
    ),
    "times-off-grid": (
        "{source}: {count} of {rows} times do not lie on the grid of frequency {frequency}, the first at {place} "
        "({first})"
    ),
    "series-too-short": (
        "{source}: the series has {rows} rows, too few for context_length={context_length}, horizon={horizon} and "
        "data.split={split}"
    ),
    "longest-series-too-short": (
        "{source}: the longest series, {channel!r}, has {rows} rows, too few for context_length={context_length}, "
        "horizon={horizon} and data.split={split}"
    ),
    "split-part-empty": "{source}: data.split={split} leaves the {part} part without a row",
    "split-after-data": "{source}: data.split={split} ends after the data",
    "context-too-short": (
        "{source} has {rows} rows up to its last value, fewer than the context_length of the run, {context_length}"
    ),
    "backtest-too-short": (
        "{source}: the shortest series has {rows} rows, too few for a back-test of the last {horizon} rows"
    ),
    "untrained-too-short": "{source} has {rows} rows, too few for a forecast of {horizon} rows without a training",
    "newer-rows-lack-column": "{source} has no column {column!r}, which the rows so far have",
    "newer-rows-new-column": "{source} has a column {column!r}, which the rows so far do not have",
    "newer-rows-too-early": "{source} starts at {first}, not after the last row so far, {last}",
}
"""Code of an error on data to its text."""

DATA_ADVICE = {
    "give-header-and-rows": "give a row of column names, such as time,value, and below it a row for each time",
    "smaller-file": "upload a smaller file",
    "fewer-or-larger-limit": "upload fewer {what}, or set {setting} to a larger number",
    "known-suffixes": "supported suffixes: {suffixes}, also in .gz, or as the only file in a .zip",
    "rename-or-save-again": "rename it according to its content, or save it again in the format of its name",
    "download-again": "save its table as CSV; if it shows an error or a login page, download the table again",
    "save-in-spreadsheet": "open it in a spreadsheet program and save it as XLSX",
    "decompress": "decompress it and give one file",
    "separate-columns": (
        "separate columns by comma, semicolon, tab or bar; there must be a column of times and one of numbers"
    ),
    "close-quote": "close it, or delete it: all text after it belongs to its cell",
    "correct-row": (
        "correct the row, or delete it if it holds a total or a remark; put a cell that contains the delimiter in "
        "double quotes"
    ),
    "put-names-above": "put a row of names above the data, for example: time,value",
    "rename-columns": "give each column a different name",
    "save-as-utf8": "save the file as UTF-8, or name its encoding: data.encoding=...",
    "valid-in-encoding": (
        "the file is valid {encoding} text ({excerpt!r}): save it as UTF-8, or set data.encoding={encoding}"
    ),
    "not-a-text-table": (
        "the file is not a text table, or it is UTF-16 without a byte order mark: data.encoding=utf-16-le"
    ),
    "sheets-of-workbook": "sheets: {sheets}",
    "save-formulas": "open the workbook in a spreadsheet program and save it: the values are then saved as well",
    "json-shape": 'write records [{{"time": ..., "value": ...}}, ...] or columns {{"time": [...], "value": [...]}}',
    "send-less": "upload rows as a file (POST /api/upload); compress a file that is too large, or leave out rows",
    "set-decimal": "set data.decimal=comma or point, or write the numbers without thousands separators",
    "numeric-targets": (
        "data.target takes numeric columns; data.missing_values names text that marks a missing value"
    ),
    "numeric-covariates": (
        "covariates are numbers or booleans; data.missing_values names text that marks a missing value"
    ),
    "changing-column": "give a file in which a numeric column changes, and do not exclude it by data.target",
    "write-numbers": "write numbers like 1234.5, and leave a cell without a value empty, or name the text that marks "
    "it, such as 'data.missing_values=[\"Bad Input\",-9999]'; data.decimal sets whether 1,250 is 1.25 or "
    "1250",
    "zone-not-in-run-advice": "write the local times of the data of the run, without an offset from UTC",
    "zone-only-in-run-advice": "write the times with their offset from UTC, for example 2024-01-01T00:00+00:00",
    "subtract-or-difference": (
        "subtract a constant from the column, for example its first value, or take differences; or leave it out with "
        "data.target"
    ),
    "smaller-unit": (
        "multiply the column by a constant, or give it in a smaller unit, so that its values are around 1"
    ),
    "larger-steps-of-time": (
        "average the rows to steps of 1 ms or more, or write the times in a larger unit, for example each "
        "microsecond as a second"
    ),
    "empty-or-missing": "leave the cell empty if it has no value, or name its content in data.missing_values",
    "one-time-column": (
        "one column must hold times such as 2020-01-31 13:00 (data.time names it); the column names must be in the "
        "first row"
    ),
    "every-row-needs-a-time": (
        "every row needs a time such as 2020-01-31 13:00 or 2020-01-31T13:00+01:00: delete rows of totals or "
        "remarks; data.time names the column"
    ),
    "write-times": "write times as 2020-01-31 13:00 or as seconds since 1970; data.time names another column",
    "zone-for-all": "give all times a zone, or none",
    "midnight-in-one-way": "write midnight in one way: number hours from 0 to 23 or from 1 to 24",
    "year-order": "write them as 2020-01-31, or set data.day_first=true or false if the year is last",
    "day-order": "write them as 2020-01-31, or set data.day_first=true or false",
    "write-iso-dates": "write all dates as 2020-01-31",
    "name-every-series": "every row must name its series",
    "name-series-column": "if the table holds several series, set data.id to the column that names them{example}",
    "other-series-column": (
        "{column!r} does not separate the series; set data.id to another column, or to several columns as [a,b], "
        "or aggregate the rows first"
    ),
    "few-hundred-rows": (
        "a few hundred rows are needed: context_length + horizon in the training part, horizon in each of the others"
    ),
    "resample": (
        "resample the series to a regular grid first, for example to hourly means; if most rows already lie on a "
        "grid, name it: data.frequency=h"
    ),
    "fitting-frequency": (
        "set a data.frequency that fits the rows; a trained run reads only data of its own frequency"
    ),
    "mistyped-date": (
        "look for a mistyped date, remove the rows that are so far away, or set a coarser data.frequency"
    ),
    "at-least-rows": "give at least {rows} rows",
    "more-rows": "give more rows, or a smaller horizon",
    "same-columns": "give the columns {columns}",
    "only-newer-rows": "give only newer rows; upload the whole file again to change earlier ones",
    "fewer-last-rows": "the series has {rows} rows; give fewer validation and test rows",
    "increasing-times": "the data reach from {first} to {last}; give increasing times within them",
    "without-third-time": "the data reach from {first} to {last}; without a third time, the test ends with the data",
    "rows-needed": "about {rows} rows are needed",
    "lengthen": "{rows_needed}{parts}; give more rows, or another data.split{fitting}",
    "lengthen-or-shorten": "{rows_needed}{parts}; give more rows, a smaller {keys}, or another data.split{fitting}",
}
"""Code of advice to its text."""

NOTE_MESSAGES = {
    "note_time_column": "the time column is {column!r}",
    "note_time_columns": "the time is made of the columns {columns}",
    "note_frequency": "the frequency is {frequency}, the most common step",
    "note_long_table": "the table is long: {column!r} names the series",
    "note_hour_columns": "the 24 columns {first!r} to {last!r} are read as one hourly series",
    "note_sheet": "read sheet {sheet!r}{others}",
    "note_header_row": "the column names are in row {row}",
    "note_units": "row {row} holds units: {units}",
    "note_encoding": "the text is not UTF-8 and is read as {encoding}; data.encoding sets another",
    "note_utf16": "the text is UTF-16",
    "note_decimal_comma": "numbers are written with a decimal comma",
    "note_decimal_unlike_setting": (
        "numbers such as {cell} have another decimal mark than data.decimal={decimal}, and are read with their own"
    ),
    "note_numbers": "numbers such as {cell!r} in {column!r} are read as {number}",
    "note_delimiter": "columns are separated by {delimiter}",
    "note_blank_rows": "{rows} blank rows are skipped",
    "note_missing_word_absent": "no cell is {words}, which data.missing_values names",
    "note_day_first": "dates such as {cell!r} are read day first",
    "note_month_first": "dates such as {cell!r} are read month first",
    "note_year_first": "dates such as {cell!r} are read year first; years of two digits as 1969 to 2068",
    "note_two_digit_years": "years of two digits are read as 1969 to 2068",
    "note_periods": "periods such as {cell!r} are read as their start",
    "note_weeks": "weeks such as {cell} are read by ISO 8601, as their Monday",
    "note_time_format": "times such as {cell} are read as {format}",
    "note_spreadsheet_days": "times such as {cell} are read as a spreadsheet's days",
    "note_midnight_24": "24:00 is read as 00:00 of the next day",
    "note_midnight_end": "00:00 after later times of its date is read as 24:00, the end of that date",
    "note_zone": "times have a zone: they are stored in UTC, the calendar is read in {zone}",
    "note_zone_unused": "times have no zone and are read as local time; data.timezone={zone} is not applied",
    "note_rows_before": "{rows} rows before the first value of the channels used are left out",
    "note_rows_after": "{rows} rows after the last row of the series used are left out",
    "note_rows_for_forecasts": "{rows} rows after the last value are used for forecasts only",
    "note_non_negative": (
        "often zero and never negative in the training part, so forecasts are clipped at zero: {channels}"
    ),
    "note_clock_change": (
        "the rows that were averaged are of the hours in which clocks are set back, the first {first}: times in "
        "UTC, or with their offset such as +02:00, keep both hours"
    ),
    "note_placeholder": (
        "{channel!r} is {value:g} in {count} rows, far from its other values: if this number means that the value "
        "is missing, set data.missing_values=[{value:g}]"
    ),
    "note_spans_differ": "the spans of the {series} series differ: each is split by the rows of its own span",
    "note_later_training_rows": (
        "training rows of {later} of {series} series are later than the first test rows of another series, so a "
        "model of all series may have learned of events that its test windows forecast; data.split_by=axis splits "
        "all series at the same times"
    ),
}
"""Code of a note of cleaning to its text."""

INNER_MESSAGES = {
    "holds_booleans": "holds booleans",
    "holds_dates": "holds dates",
    "holds_text": "holds text",
    "is_empty": "is empty",
    "counts_rows": "counts the rows",
    "of_series": " of series {name!r}",
    "part_of_time": "is part of the time",
    "not_in_target": "not in data.target",
    "not_of_run": "is not a channel of the run",
    "empty_in_training": "is empty in the training part",
    "is_constant": "is constant ({value:g})",
    "constant_in_training": "is constant in the training part ({value:g})",
    "part_training": "training",
    "part_validation": "validation",
    "part_test": "test",
    "rows_needed_and_more": "about {rows} rows are needed; ",
    "short_part": "the {part} part has {rows} rows and needs {needed}",
    "and_also": "{first}, {second}",
    "lengths_that_fit": "; {settings} would fit",
}
"""Code of a text within another one, such as the reason why a column is not used, to its text."""

DATA_MESSAGES = {**DATA_ERROR_MESSAGES, **DATA_ADVICE, **NOTE_MESSAGES, **INNER_MESSAGES}
