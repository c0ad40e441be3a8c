#!/usr/bin/env bash
# Every check of the project, stage by stage:  bash tests/run.sh [STAGE...]
#
# It prepares what it needs: system packages (as root on Debian or Ubuntu; elsewhere it names those that
# are missing), .venv with the dependencies, the model, the compiled kernels.  Nothing outside the
# project is touched otherwise: the tests' data folder is .venv/data unless OBS_RVM_DATA_DIR is set.
#
#   KEEP_GOING=1   run the stages after a failed one too
#   PYTHON=...     the interpreter that makes .venv (it must be the version that OBS embeds)
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

ALL_STAGES=(lint types unit fuzz nojit contract files quality providers install obs libobs32)
STAGE_LIMIT_S=3000  # a stage that hangs is a failure; the longest takes half of this beside busy processes
PACKAGES=(
  obs-studio obs-plugins xvfb xauth openbox xdotool x11-utils imagemagick libgl1-mesa-dri  # a real OBS, unattended
  libobs-dev gcc libc6-dev                                                                 # the header checks
  ffmpeg                                                                                   # makes and judges films
  python3-venv
  shellcheck busybox zsh                                                                   # the starters' shells
)

MODELS=(rvm_mobilenetv3 mediapipe_selfie mediapipe_selfie_landscape mediapipe_multiclass)

heading() { printf '\n=== %s ===\n' "$*"; }

stages=("$@")
[ ${#stages[@]} -gt 0 ] || stages=("${ALL_STAGES[@]}")
for stage in "${stages[@]}"; do
  case " ${ALL_STAGES[*]} " in
    *" $stage "*) ;;
    *)
      echo "There is no stage '$stage'. Stages: ${ALL_STAGES[*]}" >&2
      exit 2
      ;;
  esac
done

asked_for() { # asked_for STAGE...: is one of them to be run?
  local wanted stage
  for wanted in "$@"; do
    for stage in "${stages[@]}"; do
      [ "$wanted" != "$stage" ] || return 0
    done
  done
  return 1
}

install_system_packages() {
  if ! command -v dpkg-query >/dev/null; then
    echo "Not a Debian system: install OBS Studio with its headers, Xvfb, openbox, xdotool, ffmpeg and a C compiler"
    echo "yourself. Tests that lack something are skipped and say so."
    return 0
  fi
  local package missing=()
  for package in "${PACKAGES[@]}"; do
    [ "$(dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null || true)" = installed ] ||
      missing+=("$package")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  if [ "$(id -u)" -ne 0 ]; then
    echo "Missing system packages; tests that need them are skipped. To install them:"
    echo "  sudo apt-get install --no-install-recommends ${missing[*]}"
    return 0
  fi
  heading "System packages: ${missing[*]}"
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq
  apt-get install -y -qq --no-install-recommends "${missing[@]}" </dev/null >/dev/null
}

find_python() {
  local candidate
  for candidate in ${PYTHON:+"$PYTHON"} python3.11 python3.12 python3.13 python3.10 python3; do
    if "$candidate" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 10))' 2>/dev/null; then
      command -v "$candidate"
      return 0
    fi
  done
  echo "No Python 3.10 or newer with its venv module was found. On Debian: apt-get install python3-venv" >&2
  return 1
}

make_environment() {
  if ! .venv/bin/python -c '' 2>/dev/null; then
    local base
    base=$(find_python)
    heading "Environment: .venv from $base"
    "$base" -m venv --clear .venv
  fi
  local fingerprint
  fingerprint=$(.venv/bin/python -c 'import hashlib, pathlib, sys
print(hashlib.sha256(pathlib.Path("pyproject.toml").read_bytes() + repr((sys.version, sys.prefix)).encode()).hexdigest())')
  if [ "$(cat .venv/fingerprint 2>/dev/null || true)" != "$fingerprint" ]; then
    heading "Dependencies"
    .venv/bin/python -m pip install --disable-pip-version-check --no-input --quiet --editable '.[test]'
    echo "$fingerprint" >.venv/fingerprint
  fi
}

fetch_models() {
  heading "Models"
  if ! .venv/bin/python -m rvm_core models get "${MODELS[@]}"; then
    echo "Not every model could be fetched: the tests that need one of the others are SKIPPED."
    without_models=" (not every model was fetched: some tests were skipped)"
  fi
}

python_stage() { .venv/bin/python -m "$@"; }
pytest_stage() { python_stage pytest "$@"; }

stage_lint() { python_stage ruff check . && python_stage ruff format --check .; }
stage_types() { python_stage mypy; }
stage_unit() { pytest_stage tests/unit; }
stage_fuzz() { pytest_stage tests/fuzz; }
stage_nojit() {
  local files
  mapfile -t files < <(find tests/unit -name 'test_*.py' -path '*kernels*' | sort)
  [ ${#files[@]} -gt 0 ] || { echo "There are no kernel tests under tests/unit." >&2; return 1; }
  NUMBA_DISABLE_JIT=1 pytest_stage "${files[@]}"
}
stage_contract() { pytest_stage tests/contract; }
stage_files() { pytest_stage tests/files; }
stage_quality() { pytest_stage tests/quality; }
stage_providers() { pytest_stage tests/providers; }
stage_install() { pytest_stage tests/install; }
stage_obs() { pytest_stage tests/obs; }
stage_libobs32() { pytest_stage tests/libobs32; }

run_stage() { # run_stage NAME: in a child shell, which `timeout` can end with all that it started
  command -v timeout >/dev/null || { "stage_$1"; return; }
  export -f python_stage pytest_stage "stage_$1"
  timeout --kill-after=30 "$STAGE_LIMIT_S" bash -c "set -euo pipefail; stage_$1" &
  local stage_pid=$!
  # Its process group is its own: an interrupt at the terminal reaches it through here alone.
  trap 'kill "$stage_pid" 2>/dev/null || true; exit 130' INT TERM
  local status=0
  wait "$stage_pid" || status=$?
  trap - INT TERM
  return "$status"
}

began=$SECONDS
without_models=""
install_system_packages
make_environment
export OBS_RVM_DATA_DIR="${OBS_RVM_DATA_DIR:-$PWD/.venv/data}"
# What a user's shell may hold is not what is tested.
unset OBS_RVM_SITE_PACKAGES OBS_RVM_STATUS_DIR PYTHONPATH PYTHONHOME NUMBA_CACHE_DIR NUMBA_DISABLE_JIT
if asked_for unit fuzz files quality providers install obs libobs32; then
  fetch_models
  heading "Compiled kernels"
  .venv/bin/python -m rvm_core warm
fi

failed=()
report=()
for stage in "${stages[@]}"; do
  heading "$stage"
  stage_began=$SECONDS
  if run_stage "$stage"; then
    outcome=passed
  else
    outcome="FAILED (exit $?)"
    failed+=("$stage")
  fi
  report+=("$(printf '%-9s %5d s  %s' "$stage" $((SECONDS - stage_began)) "$outcome")")
  [ "$outcome" = passed ] || [ -n "${KEEP_GOING:-}" ] || break
done

heading "Summary, $((SECONDS - began)) s in all$without_models"
printf '%s\n' "${report[@]}"
if [ ${#failed[@]} -gt 0 ]; then
  echo "Failed: ${failed[*]}"
  exit 1
fi
