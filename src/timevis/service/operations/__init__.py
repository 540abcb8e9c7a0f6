"""What runs beside the requests and tasks: logs, metrics, retention, backups and the first steps."""
