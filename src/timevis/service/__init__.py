"""The HTTP service: Flask answers, Celery runs, SQLAlchemy stores. The library never imports this package."""
