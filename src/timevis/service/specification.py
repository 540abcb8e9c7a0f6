"""Write the OpenAPI specification of the service: ``python -m timevis.service.specification``."""

from __future__ import annotations

import json
import sys
import tempfile
from typing import Any

from timevis.service.app import create_app
from timevis.service.settings import Settings


def specification() -> dict[str, Any]:
    """The OpenAPI document of the service."""
    with tempfile.TemporaryDirectory() as home:
        settings = Settings.from_environment({"TIMEVIS_HOME": home, "TIMEVIS_TOKEN": "specification"})
        app = create_app(settings)
        with app.app_context():
            document: Any = app._get_spec("json")
            return dict(document)


def main() -> None:
    """Write the specification to standard output."""
    json.dump(specification(), sys.stdout, indent=1, ensure_ascii=False, sort_keys=False)
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()
