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
readonly SOURCES='CITATION.cff LICENSE MANIFEST.in README.md configs dualcenter.py dualcenter_mmpose model-index.yml
pyproject.toml requirements requirements.txt setup.py tools'
# Imported by this project or by what it stands on; a set-up that cannot import them has failed.
readonly IMPORTS='mmpose.models, mmpose.apis, mmpose.visualization, mmpose.evaluation, mmdet.apis, mim.commands.train,
mim.commands.test, mim.commands.search, mim.commands.download'
HAS_SETTINGS= NO_INDEX=

fail() {  # what went wrong, what to do
  printf '\nSet-up stopped: %s\n%s\nThe same command goes on from here.\n' "$1" "$2" >&2
  exit 2
}

# Functions called from here run without `set -e`: their commands are chained by &&.
step() {  # name, remedy, command...
  local name=$1 remedy=$2 start=$SECONDS
  shift 2
  printf '%s ... ' "$name"
  "$@" >"$STAMPS/log" 2>&1 || {
    echo failed
    tail -n 15 "$STAMPS/log" >&2
    fail "$name failed (log: $STAMPS/log)" "$remedy"
  }
  echo "$((SECONDS - start)) s"
}

digest() { find "$@" -type f -not -path '*/__pycache__/*' -print0 | sort -z | xargs -0 sha256sum | sha256sum; }

is_due() { [ "$(cat "$STAMPS/$1" 2>/dev/null)" != "$2" ]; }

claim_folder() {  # what is made anew may be emptied, so it has to be ours; earlier set-ups left setup-stamps
  [ ! -e "$VENV" ] || [ -d "$STAMPS" ] || [ -d "$VENV/setup-stamps" ] || [ -z "$(ls -A "$VENV")" ] ||
    fail "$VENV exists and was not made by this set-up" 'Move it away, or name another folder: make setup VENV=FOLDER'
  mkdir -p "$STAMPS"
}

wait_for_others() {  # the lock is on the folder itself; commands started here keep it, should this script be killed
  command -v flock >/dev/null || return 0
  exec 9<"$STAMPS"
  flock -n 9 || { echo 'Another set-up is at work in the same folder; waiting for it.' && flock 9; }
}

# uv reads none of pip's settings: hand on where pip would look and what it would trust. uv's own variables win.
use_settings_of_pip() {
  [ -z "$HAS_SETTINGS" ] || return 0
  HAS_SETTINGS=1
  local config section folder links=
  config=$("$VENV/bin/python" -m pip config list 2>/dev/null || true)
  setting() {  # the first of three places that has it, in pip's order; several lines of a file become one
    for section in :env: install global; do
      sed -nE "s/^$section\.$1='(.*)'$/\1/p" <<<"$config"
    done | sed 's/\\n/ /g' | head -n 1
  }
  hand_on() { [ -z "$2" ] || export "$1=${!1:-$2}"; }
  hand_on UV_DEFAULT_INDEX "$(setting index-url)"
  hand_on UV_INDEX "$(setting extra-index-url)"
  hand_on UV_INDEX_STRATEGY "${UV_INDEX:+unsafe-best-match}"  # as pip: every index counts, not the first alone
  hand_on SSL_CERT_FILE "$(setting cert)"
  hand_on UV_INSECURE_HOST "$(setting trusted-host)"
  hand_on ALL_PROXY "$(setting proxy)"
  hand_on UV_HTTP_TIMEOUT "$(setting timeout)"
  hand_on UV_HTTP_TIMEOUT "$(setting default-timeout)"
  case $(setting no-index) in 1 | [Tt]rue | yes | on) NO_INDEX=--no-index ;; esac
  for folder in $(setting find-links); do  # pip passes over folders that do not exist, uv stops at them
    folder=${folder#file://}
    folder=${folder//%20/ }
    case $folder in *://*) links+=,$folder ;; *) [ ! -d "$folder" ] || links+=,$folder ;; esac
  done
  hand_on UV_FIND_LINKS "${links#,}"
}

uv_install() {
  "$VENV/bin/uv" pip install --quiet --python "$VENV/bin/python" $NO_INDEX --no-deps "$@"
}

make_venv() {  # out of nothing where the Python has changed or gone
  rm -f "$STAMPS"/{python,mmcv} &&
    find "$VENV" -mindepth 1 -maxdepth 1 ! -name .setup -exec rm -rf {} + &&
    "$PYTHON" -m venv "$VENV"
}

install_pins() {
  # Without what distributions declare that they need: mmpose's chumpy no longer builds, openmim's opendatalab drags
  # setuptools years back, mmengine's opencv needs a desktop. mmcv comes last, compiled against the torch put in here.
  grep -hv '^mmcv==' requirements/{pinned,dev,export,light}.txt >"$STAMPS/pins.txt" &&
    uv_install -r "$STAMPS/pins.txt"
}

compilers() {  # how many fit into memory and cores
  local gigabytes cores
  gigabytes=$(awk '/MemAvailable/ {print int($2 / 1048576)}' /proc/meminfo 2>/dev/null || echo 4)
  cores=$(nproc 2>/dev/null || echo 1)
  local fitting=$((gigabytes / GIGABYTES_PER_COMPILER))
  echo $((fitting < 1 ? 1 : fitting < cores ? fitting : cores))
}

install_mmcv() {  # from a wheel where one is offered, else compiled
  local nvcc
  nvcc=$(command -v "${CUDA_HOME:-/usr/local/cuda}/bin/nvcc" nvcc | head -n 1)
  # With a GPU but no CUDA compiler, mmcv would try to build CUDA operators and fail.
  [ -n "$nvcc" ] || export CUDA_VISIBLE_DEVICES=
  export MAX_JOBS=${MAX_JOBS:-$(compilers)}
  export UV_LOCK_TIMEOUT=${UV_LOCK_TIMEOUT:-7200}  # uv waits where another clone compiles it, but 5 minutes only
  # uv keeps what it has compiled, and would use it with a later torch too: the setting, which setuptools ignores, tells
  # builds apart. Nor would it replace an installed mmcv of the same version.
  "$VENV/bin/uv" pip uninstall --quiet --python "$VENV/bin/python" mmcv
  uv_install --no-build-isolation -C "built-for=$(pins_of_mmcv) $nvcc" "$(grep '^mmcv==' requirements/pinned.txt)" ||
    { try_compiler; return 1; }
}

pins_of_mmcv() { grep -E '^(mmcv|torch)==' requirements/pinned.txt | tr '\n' ' '; }

try_compiler() {  # its complaint ends the log: no compiler, or a Python without headers
  local include
  include=$("$VENV/bin/python" -c 'import sysconfig; print(sysconfig.get_path("include"))')
  echo '#include <Python.h>' | ${CXX:-c++} -std=c++17 -fsyntax-only "-I$include" -x c++ -
}

install_package() {  # a copy: building leaves no trace in the sources
  local copy=$STAMPS/sources
  rm -rf "$copy" && mkdir -p "$copy" &&
    tar -c --exclude=__pycache__ $SOURCES | tar -x -C "$copy" &&
    uv_install --no-build-isolation --reinstall-package dualcenter_mmpose "$copy" &&
    rm -rf "$copy"
}

# Settings that would make Python or pip look or install elsewhere than in the environment.
unset PYTHONPATH PYTHONHOME PIP_TARGET PIP_PREFIX PIP_ROOT
export PIP_USER=0

python=$("$PYTHON" -c 'import sys; print("%d.%d" % sys.version_info[:2], sys.version, sys.base_prefix)') ||
  fail "$PYTHON does not start" 'Name another: make setup PYTHON=/path/to/python3.11'
[ "${python%% *}" = 3.11 ] ||
  fail "$PYTHON is Python ${python%% *}, the pins are for 3.11" 'Name one: make setup PYTHON=/path/to/python3.11'
claim_folder
wait_for_others

pins="$(digest requirements dev/setup.sh) $python"
if is_due pins "$pins" || [ ! -x "$VENV/bin/python" ]; then
  rm -f "$STAMPS/pins" "$STAMPS/package"
  network='Are there a network and 6 GB of disk, 11 where the cache of uv lies on another than the environment
(UV_CACHE_DIR moves it)? Index, proxy and certificate are those of "pip config list", if UV_DEFAULT_INDEX,
HTTPS_PROXY and SSL_CERT_FILE name no others.'
  if is_due python "$python" || [ ! -x "$VENV/bin/python" ]; then
    step 'environment' "Does '$PYTHON -m venv' work? Debian has it in python3.11-venv." make_venv
    echo "$python" >"$STAMPS/python"
  fi
  step 'uv' "$network" "$VENV/bin/python" -m pip install --quiet --disable-pip-version-check "$UV_PIN"
  use_settings_of_pip
  step 'PyTorch, OpenMMLab, libraries' "$network" install_pins
  if is_due mmcv "$(pins_of_mmcv)"; then
    rm -f "$STAMPS/mmcv"
    step 'mmcv (about 6 minutes on 2 cores where it must be compiled)' \
      "Compiling takes a C++ compiler (Debian: g++), Python's headers (python3.11-dev) and 2 GB of memory a process:
MAX_JOBS=1 make setup takes less. Or name a folder with a wheel of mmcv in PIP_FIND_LINKS." install_mmcv
    pins_of_mmcv >"$STAMPS/mmcv"
  fi
  step 'imports' "Was a wheel of mmcv in PIP_FIND_LINKS built for another torch? Else remove $VENV and call again." \
    "$VENV/bin/python" -W ignore -c "import ${IMPORTS//$'\n'/ }"
  echo "$pins" >"$STAMPS/pins"
fi
package=$(digest $SOURCES)
if is_due package "$package"; then
  use_settings_of_pip
  step 'this package' 'The log says what setuptools did not like.' install_package
  echo "$package" >"$STAMPS/package"
fi
