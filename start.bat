@echo off
rem Install TimeVis if needed, start the service, and show it at work; see start.sh.
rem There is no wheel of Redis for Windows: set TIMEVIS_BROKER_URL, for example redis://localhost:6379/0
rem (Memurai, Docker or WSL).
setlocal
cd /d "%~dp0" || exit /b 1
if not defined TIMEVIS_BROKER_URL (
  echo Set TIMEVIS_BROKER_URL to a Redis server, for example: set TIMEVIS_BROKER_URL=redis://localhost:6379/0
  exit /b 1
)
set "VENV_PYTHON=.venv\Scripts\python.exe"
if exist %VENV_PYTHON% goto install
set "PYTHON=python"
where /q py && set "PYTHON=py -3"
%PYTHON% -c "import sys; sys.exit(sys.version_info < (3, 11))" || (
  echo TimeVis needs Python 3.11 or newer.
  exit /b 1
)
%PYTHON% -m venv .venv || exit /b 1

:install
%VENV_PYTHON% -c "import timevis, apiflask, celery" 2>nul && goto start
echo TimeVis is being installed into .venv; this takes some minutes.
%VENV_PYTHON% -m pip install --disable-pip-version-check -c constraints.txt -e .[service] || exit /b 1

:start
%VENV_PYTHON% scripts\build_page.py --if-possible || exit /b 1
%VENV_PYTHON% -m timevis.service.first_steps %*
