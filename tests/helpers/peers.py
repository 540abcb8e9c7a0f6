"""The mark of tests that need the environment of the other libraries (`make peers`)."""

import pytest

from timevis.errors import ConfigError
from timevis_research.peers.process import peers_python


def _environment_exists() -> bool:
    try:
        return peers_python().is_file()
    except ConfigError:
        return False


needs_peers = pytest.mark.skipif(not _environment_exists(), reason="`make peers` has not been run")
