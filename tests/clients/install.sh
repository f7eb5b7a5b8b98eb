#!/bin/sh
# Installs the Ethereum tools the end-to-end tests drive, pinned: npm packages into node_modules, web3.py into an
# environment outside the checkout. Does nothing when nothing changed. Prints the Python to run web3.py with.
set -eu
cd "$(dirname "$0")"
home="${CARGO_TARGET_DIR:-$HOME/.cache/polity-target}/clients-venv"
mkdir -p "$home"

need() { command -v "$1" >/dev/null 2>&1 || { echo "$1 is missing: install $2" >&2; exit 1; }; }
need node "Node.js 20 or newer"
need npm "npm"
need python3 "Python 3.10 or newer"

# One at a time, also when several tests begin together: a folder can be made only once.
lock="$home.lock"
waited=0
until mkdir "$lock" 2>/dev/null; do
  waited=$((waited + 1))
  [ "$waited" -lt 600 ] || { echo "$lock: another installation does not end; remove it if there is none" >&2; exit 1; }
  # One that was killed leaves its lock behind, with nobody's number in it.
  owner="$(cat "$lock/pid" 2>/dev/null || true)"
  if [ "$waited" -gt 3 ] && { [ -z "$owner" ] || ! kill -0 "$owner" 2>/dev/null; }; then rm -rf "$lock"; fi
  sleep 1
done
echo $$ >"$lock/pid"
trap 'rm -rf "$lock"' EXIT
trap 'exit 1' INT TERM

# npm notes what it installed in node_modules/.package-lock.json; we note for which lock.
if ! cmp -s package-lock.json node_modules/.installed-for; then
  npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >&2
  cp package-lock.json node_modules/.installed-for
fi

# The interpreter is part of what the environment was made for.
want="$(cat requirements.txt; python3 -VV)"
if [ "$(cat "$home/installed-for" 2>/dev/null || true)" != "$want" ]; then
  rm -rf "$home"/*
  pip="--disable-pip-version-check --quiet --no-input -r requirements.txt"
  if python3 -m venv "$home/env" >/dev/null 2>&1; then
    "$home/env/bin/python" -m pip install $pip >&2
    printf '#!/bin/sh\nexec "%s" "$@"\n' "$home/env/bin/python" >"$home/python"
  elif python3 -m pip --version >/dev/null 2>&1; then
    # Debian without python3-venv.
    rm -rf "$home/env"
    python3 -m pip install --target "$home/lib" $pip >&2
    printf '#!/bin/sh\nPYTHONPATH="%s" exec python3 "$@"\n' "$home/lib" >"$home/python"
  else
    echo "python3 has neither venv nor pip: install python3-venv (Debian, Ubuntu)" >&2
    exit 1
  fi
  chmod +x "$home/python"
  "$home/python" -c 'import web3'
  printf '%s' "$want" >"$home/installed-for"
fi
echo "$home/python"
