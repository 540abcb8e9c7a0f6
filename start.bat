@echo off
rem Install TimeVis if needed, start the service, and show it at work; see start.sh.
rem There is no wheel of Redis for Windows: set TIMEVIS_BROKER_URL, for example redis://localhost:6379/0
rem (Memurai, Docker or WSL). The workers use one thread (--pool=solo), and waitress serves HTTP.
setlocal
cd /d "%~dp0"
if "%TIMEVIS_BROKER_URL%"=="" (
  echo Set TIMEVIS_BROKER_URL to a Redis server, for example: set TIMEVIS_BROKER_URL=redis://localhost:6379/0
  exit /b 1
)
if not exist .venv\Scripts\python.exe (
  echo TimeVis is being installed into .venv; this takes some minutes.
  py -3 -m venv .venv || python -m venv .venv || exit /b 1
)
.venv\Scripts\python -c "import timevis, apiflask, celery" 2>nul || (
  .venv\Scripts\python -m pip install --disable-pip-version-check -c constraints.txt -e .[service] || exit /b 1
)
.venv\Scripts\python scripts\build_page.py --if-possible
.venv\Scripts\python -m timevis.service.operations.first_steps %*
