#!/usr/bin/env bash
# Make or update the environment of this project with uv, on the pins of requirements/: `make setup`.
#
# Usage: dev/setup.sh VENV PYTHON. Steps that have succeeded leave a stamp in VENV/.setup; a call after an interruption
# or a change of the pins or sources does what is due, and one with nothing to do takes a second.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly VENV=$1 PYTHON=$2
readonly UV_PIN=uv==0.13.9
readonly STAMPS=$VENV/.setup
readonly GIGABYTES_PER_COMPILER=2
# Imported by this project or by what it stands on; a set-up that cannot import them has failed.
readonly IMPORTS='mmpose.models, mmpose.apis, mmpose.visualization, mmpose.evaluation, mmdet.apis, mim.commands.train,
mim.commands.test, mim.commands.search, mim.commands.download'

fail() {  # what went wrong, what to do
  printf '\nSet-up stopped: %s\n%s\nThe same command goes on from here.\n' "$1" "$2" >&2
  exit 2
}

step() {  # name, remedy, command...
  local name=$1 remedy=$2 start=$SECONDS
  shift 2
  printf '%s ... ' "$name"
  "$@" >"$STAMPS/log" 2>&1 || { echo failed; tail -n 15 "$STAMPS/log" >&2; fail "$name failed (log: $STAMPS/log)" "$remedy"; }
  echo "$((SECONDS - start)) s"
}

# uv reads none of pip's settings: hand on where pip would look, for index, certificates and folders of wheels.
use_settings_of_pip() {
  [ -z "${HAS_SETTINGS:-}" ] || return 0
  HAS_SETTINGS=1
  local config
  config=$("$VENV/bin/python" -m pip config list 2>/dev/null || true)
  setting() { sed -nE "s/^(:env:|global|install)\.$1='(.*)'$/\2/p" <<<"$config" | sed 's/\\n/ /g' | tr '\n' ' '; }
  local index links cert
  index=$(setting index-url) links=$(setting find-links) cert=$(setting cert)
  [ -z "$index" ] || export UV_DEFAULT_INDEX=${UV_DEFAULT_INDEX:-${index%% *}}
  [ -z "$cert" ] || export SSL_CERT_FILE=${SSL_CERT_FILE:-${cert%% *}}
  local folder usable=()
  for folder in $links; do
    folder=${folder#file://}
    folder=${folder//%20/ }
    [ ! -d "$folder" ] || usable+=("$folder")
  done
  [ ${#usable[@]} -eq 0 ] || export UV_FIND_LINKS=${UV_FIND_LINKS:+$UV_FIND_LINKS,}$(IFS=,; echo "${usable[*]}")
}

compilers() {  # how many fit into memory and cores
  local gigabytes cores
  gigabytes=$(awk '/MemAvailable/ {print int($2 / 1048576)}' /proc/meminfo 2>/dev/null || echo 4)
  cores=$(nproc 2>/dev/null || echo 1)
  local fitting=$((gigabytes / GIGABYTES_PER_COMPILER))
  echo $((fitting < 1 ? 1 : fitting < cores ? fitting : cores))
}

uv_install() {
  "$VENV/bin/uv" pip install --quiet --python "$VENV/bin/python" --no-deps "$@"
}

install_pins() {
  # Without the requirements that distributions declare: mmpose's chumpy no longer builds, openmim's opendatalab drags
  # setuptools years back, mmengine's opencv needs a desktop. mmcv comes last, compiled against the torch installed here.
  grep -hv '^mmcv==' requirements/{pinned,dev,export,light}.txt >"$STAMPS/pins.txt"
  uv_install -r "$STAMPS/pins.txt"
}

install_package() {  # a copy: building leaves no trace in the sources
  local copy=$STAMPS/sources
  rm -rf "$copy" && mkdir -p "$copy"
  tar -c --exclude=__pycache__ $SOURCES | tar -x -C "$copy"
  uv_install --no-build-isolation --reinstall-package dualcenter_mmpose "$copy"
  rm -rf "$copy"
}

digest() { find "$@" -type f -not -path '*/__pycache__/*' -print0 | sort -z | xargs -0 sha256sum | sha256sum; }

is_due() { [ "$(cat "$STAMPS/$1" 2>/dev/null)" != "$2" ]; }

readonly SOURCES='CITATION.cff LICENSE MANIFEST.in README.md configs dualcenter.py dualcenter_mmpose model-index.yml
pyproject.toml requirements requirements.txt setup.py tools'

command -v "$PYTHON" >/dev/null || fail "no Python found" "Install Python 3.11, or name one: make setup PYTHON=/path/to/it"
version=$("$PYTHON" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
[ "$version" = 3.11 ] || fail "$PYTHON is Python $version, the pins are for 3.11" "Name one: make setup PYTHON=/path/to/python3.11"
mkdir -p "$STAMPS"
if command -v flock >/dev/null; then exec 9>"$STAMPS/lock" && flock 9; fi  # a second call waits for the first

pins=$(digest requirements dev/setup.sh; "$PYTHON" -c 'import sys; print(sys.version, sys.base_prefix)')
if is_due pins "$pins"; then
  rm -f "$STAMPS/package"
  network='Is there a network, and about 12 GB of disk? Where pip needs an index or certificate of its own, uv takes its settings.'
  step 'environment' "Does '$PYTHON -m venv' work? Debian has it in python3-venv." "$PYTHON" -m venv "$VENV"
  step 'uv' "$network" "$VENV/bin/python" -m pip install --quiet --disable-pip-version-check "$UV_PIN"
  use_settings_of_pip
  step 'PyTorch, OpenMMLab, libraries' "$network" install_pins
  export MAX_JOBS=${MAX_JOBS:-$(compilers)}
  step 'mmcv (about 6 minutes where it must be compiled)' \
    'Compiling takes a C++ compiler (g++) and 2 GB of memory a process: MAX_JOBS=1 make setup takes less.' \
    uv_install --no-build-isolation "$(grep '^mmcv==' requirements/pinned.txt)"
  step 'imports' "Remove $VENV and call again; if that fails too, the log is what a bug report needs." \
    "$VENV/bin/python" -W ignore -c "import ${IMPORTS//$'\n'/ }"
  echo "$pins" >"$STAMPS/pins"
fi
package=$(digest $SOURCES)
if is_due package "$package"; then
  use_settings_of_pip
  step 'this package' 'The log says what setuptools did not like.' install_package
  echo "$package" >"$STAMPS/package"
fi
