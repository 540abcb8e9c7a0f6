from timevis.data.quality.findings import data_findings


def test_findings_describe_every_defect_with_its_count_and_places():
    report = {
        "was_sorted": False,
        "sentinels": {},
        "duplicates": {
            "identical": {"rows": 2, "places": ["2024-01-01 00:00:00", "2024-01-02 00:00:00"]},
            "filled": {"rows": 0, "places": []},
            "averaged": {"rows": 1, "places": ["2024-01-03 00:00:00"]},
        },
        "off_grid": {"moved": 3, "left_out": 1, "places": []},
        "gaps": {"count": 1, "rows": 9, "longest": 9, "places": [{"start": "2024-02-01 00:00:00", "rows": 9}]},
        "missing": {"a": 9, "b": 0},
        "channels": {"a": {"longest_gap": {"rows": 6, "start": "2024-02-01 00:00:00"}}},
        "outliers": {
            "a": {
                "count": 5,
                "masked": 2,
                "places": [{"time": "2024-03-01 00:00:00", "value": 7.0, "lower": None, "upper": 5.0}],
            }
        },
        "defects": [{"start": "2012-03-25", "end": "2012-03-26", "reason": "clock change", "masked": 1}],
        "left_out": {"c": "is constant (0)"},
        "notes": ["the time column is 'time'"],
        "card": {"notes": ["The sensor was moved in May."]},
    }
    findings = data_findings(report)
    outliers = next(finding for finding in findings if finding.message.code == "outliers-masked")
    assert (outliers.severity, outliers.channel, outliers.message.params["count"]) == ("warning", "a", 5)
    text = "\n".join(finding.text for finding in findings)
    for part in (
        "not in time order",
        "dropped: 2, at",
        "2024-01-01 00:00, 2024-01-02 00:00",
        "averaged with it: 1, at 2024-01-03 00:00",
        "moved onto it: 3.",
        "left out: 1.",
        "channel: 1, with 9 rows in all",
        "a 9 (at most 6 in a row, from 2024-02-01 00:00 on)",
        "Outliers in a: 5, of which 2 are masked: 2024-03-01 00:00 (7), and 4 more.",
        "clock change. Values masked: 1.",
        "c (is constant (0))",
        "The time column is 'time'.",
        "Note of the dataset card: The sensor was moved in May.",
    ):
        assert part in text, part
