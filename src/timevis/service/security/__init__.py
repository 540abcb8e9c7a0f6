"""Who may call the service: tokens, hosts, origins and rates; and which tables are too large."""
