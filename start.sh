#!/bin/sh
# Install TimeVis if needed, start the service, and show it at work: sample series, an upload, a short training and a
# forecast. It then goes on until Ctrl-C.
#
#   ./start.sh [--port PORT] [--host HOST]
#   ./start.sh --check          stop the service afterwards, with exit code 0 if everything worked
set -eu
cd "$(dirname "$0")"
VENV="${VENV:-.venv}"
if ! "$VENV/bin/python" -c 'import timevis, apiflask, celery' 2>/dev/null; then
  echo "TimeVis is being installed into $VENV; this takes some minutes."
  make setup VENV="$VENV" PYTHON="${PYTHON:-python3}"
fi
"$VENV/bin/python" scripts/build_page.py --if-possible
exec "$VENV/bin/python" -m timevis.service.first_steps "$@"
