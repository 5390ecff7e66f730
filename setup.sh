#!/usr/bin/env bash
# Brings what Waypost needs and does not find: Python 3.13, the virtual environment, Node packages, Chromium.
#
#   ./setup.sh [python] [node] [browser]        all three when none is named
#   ./setup.sh localstack                       the stand-in for AWS, which only its tests and its demo need
#
# It asks nothing. What is done leaves a stamp in build/setup, so the second time costs nothing; it may be
# interrupted at any point, and runs at the same time wait for each other.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

readonly STATE=build/setup TOOLS=build/tools PYTHONS=build/python UV_VERSION=0.13.9
readonly LOCALSTACK=build/localstack
readonly DEBIAN_CHROMIUM=/usr/lib/chromium/chromium-headless-shell

# ── the three parts: what each depends on, whether it is there, how to bring it ─────────────────────────────────

key_of() {
  case $1 in
    python) cat setup.sh pyproject.toml requirements.lock ;;
    node) cat setup.sh package.json package-lock.json ;;
    browser) cat setup.sh ;;
    localstack) cat tests/aws/localstack.lock ;;
  esac | cksum
}

works() {
  case $1 in
    python) is_python .venv/bin/python && [ -x .venv/bin/waypost ] ;;
    node) [ -d node_modules/@wppconnect/wa-js/dist ] ;;
    browser) [ -x "$(cat "$STATE/chromium" 2>/dev/null)" ] ;;
    localstack) is_python "$LOCALSTACK/bin/python" && [ -d "$LOCALSTACK"/lib/python3.13/site-packages/localstack ] ;;
  esac
}

bring_python() {
  local python
  bring_uv
  python=$(is_python .venv/bin/python && echo .venv/bin/python || find_python) || {
    run "Fetching Python 3.13" env UV_PYTHON_INSTALL_DIR="$PYTHONS" "$UV" python install 3.13 || true
    python=$(find_python) || { apt_install python3.13 && python=$(find_python); } || give_up \
      "Python 3.13 is missing and could not be fetched. Install it so that python3.13 is found on the PATH" \
      "(pyenv install 3.13, brew install python@3.13, or your system's package), then run this again."
  }
  # --clear only when there is one that does not work: others may be using one that does.
  is_python .venv/bin/python || run "Making the virtual environment" "$UV" venv --clear --python "$python" .venv
  run "Installing the Python packages" "$UV" pip sync --python .venv/bin/python requirements.lock
  run "Installing Waypost" "$UV" pip install --python .venv/bin/python --no-deps -e .
}

bring_node() {
  npm --version >/dev/null 2>&1 || apt_install npm || give_up "Node's npm is missing: install Node.js 20 or newer."
  run "Installing the Node packages" npm ci --ignore-scripts
}

bring_browser() {
  local found
  found=$(find_chromium) || { apt_install chromium-headless-shell && found=$(find_chromium); } ||
    { install_by_playwright && found=$(find_chromium); } || give_up \
    "Chromium is missing and could not be installed. On Debian: sudo apt-get install chromium-headless-shell." \
    "Elsewhere: .venv/bin/playwright install --with-deps chromium-headless-shell, or set WAYPOST_CHROMIUM to one."
  echo "$found" >"$STATE/chromium"
}

bring_localstack() {
  local python
  bring_uv
  python=$(find_python) || give_up "Python 3.13 is missing: run ./setup.sh python first."
  run "Making LocalStack's environment" "$UV" venv --clear --python "$python" "$LOCALSTACK"
  run "Installing LocalStack" "$UV" pip sync --compile-bytecode --python "$LOCALSTACK/bin/python" tests/aws/localstack.lock
}

# ── where things may be found ───────────────────────────────────────────────────────────────────────────────────

is_python() { # really runs (a shim may not) and has what we use
  "$1" -c 'import sys, ssl, sqlite3; sys.exit(sys.version_info[:2] != (3, 13))' >/dev/null 2>&1
}

find_python() {
  local candidate IFS=$'\n'
  for candidate in $(type -ap python3.13 python3) "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.13*/bin/python3.13 \
    "$PYTHONS"/*/bin/python3.13; do
    # Not a virtual environment's own, which may be deleted under us.
    is_python "$candidate" && "$candidate" -c 'import sys; print(sys._base_executable)' && return
  done
  return 1
}

find_any_python() { # for uv's own environment; Debian's Python lacks ensurepip without python3-venv
  local candidate IFS=$'\n'
  for candidate in $(find_python) $(type -ap python3) "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3*/bin/python3; do
    "$candidate" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 8))' >/dev/null 2>&1 &&
      echo "$candidate" && return
  done
  return 1
}

bring_uv() { # sets UV; in an environment of its own, so that nobody's Python is touched
  local python
  UV=$TOOLS/bin/uv
  "$UV" --version 2>/dev/null | grep -qF "uv $UV_VERSION" && return
  python=$(find_any_python) || { apt_install python3 python3-venv && python=$(find_any_python); } || give_up \
    "Python is missing. Install Python 3.13 with its venv module, then run this again."
  run "Making a place for the tools" "$python" -m venv --clear "$TOOLS"
  run "Installing uv" "$TOOLS/bin/python" -m pip install --disable-pip-version-check "uv==$UV_VERSION"
}

find_chromium() {
  local candidate
  for candidate in "${WAYPOST_CHROMIUM:-}" "$DEBIAN_CHROMIUM" \
    "${PLAYWRIGHT_BROWSERS_PATH:-$HOME/.cache/ms-playwright}"/chromium_headless_shell-*/chrome-*/*headless*shell; do
    [ -x "$candidate" ] && "$candidate" --version >/dev/null 2>&1 && echo "$candidate" && return
  done
  return 1
}

install_by_playwright() {
  local deps=()
  become_root && deps=(--with-deps)
  works python || return 1
  run "Installing Chromium" .venv/bin/playwright install ${deps[@]+"${deps[@]}"} chromium-headless-shell
}

# ── how it is done ──────────────────────────────────────────────────────────────────────────────────────────────

become_root() { # sets ROOT to what goes before a command; never asks for a password
  ROOT=()
  [ "$(id -u)" = 0 ] && return
  ROOT=(sudo -n)
  sudo -n true 2>/dev/null
}

apt_install() {
  local apt=(env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300)
  command -v apt-get >/dev/null && become_root || return 1
  if [ -z "${UPDATED:-}" ]; then # a list that fails to load is no reason to stop: another may have the package
    run "Updating the list of system packages" ${ROOT[@]+"${ROOT[@]}"} "${apt[@]}" update || true
    UPDATED=yes
  fi
  run "Installing $*" ${ROOT[@]+"${ROOT[@]}"} "${apt[@]}" install -y --no-install-recommends "$@"
}

run() { # run LABEL COMMAND…: quietly. When it fails: the end of what it said, without addresses.
  local label=$1 began=$SECONDS
  shift
  printf '%s …' "$label" >&2
  if "$@" </dev/null >>"$STATE/log" 2>&1 9>&-; then # 9: a service that apt starts must not keep our lock
    printf ' %s s\n' $((SECONDS - began)) >&2
  else
    printf ' failed\n' >&2
    tail -n 8 "$STATE/log" | sed -E 's#[a-z+]+://[^ )"'\''`]+#(address)#g; s/^/    /' >&2
    return 1
  fi
}

give_up() {
  printf '%s\n' "$@" >&2
  exit 1
}

lock() { # one at a time; the system lets go when we die
  if command -v flock >/dev/null; then
    exec 9>"$STATE/lock"
    flock 9
  else
    until mkdir "$STATE/lock.d" 2>/dev/null; do
      kill -0 "$(cat "$STATE/lock.d/pid" 2>/dev/null || echo $$)" 2>/dev/null || rm -rf "$STATE/lock.d"
      sleep 0.2
    done
    echo $$ >"$STATE/lock.d/pid"
    trap 'rm -rf "$STATE/lock.d"' EXIT
  fi
}

is_done() { [ "$(cat "$STATE/$1.stamp" 2>/dev/null)" = "$(key_of "$1")" ] && works "$1"; }

main() {
  local part missing=()
  for part in "$@"; do is_done "$part" || missing+=("$part"); done
  [ ${#missing[@]} = 0 ] && return
  mkdir -p "$STATE"
  lock
  : >"$STATE/log"
  for part in "${missing[@]}"; do
    is_done "$part" && continue # somebody else was faster
    rm -f "$STATE/$part.stamp"
    "bring_$part"
    key_of "$part" >"$STATE/$part.stamp"
  done
}

[ $# -gt 0 ] || set -- python node browser
main "$@"
