"""The state machine of tasks, and the processes and threads that carry tasks out."""
