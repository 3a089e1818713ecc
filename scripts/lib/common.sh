# shellcheck shell=bash
# Basics of every script here: where the repository is, the format of messages, running a long command so that
# Ctrl-C reaches it exactly once, and ending everything that was started when the script ends.
# Sourced by scripts/*, which must first `set -euo pipefail`.

# shellcheck disable=SC2034 # used by the scripts that source this
ROOT="$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)"
# Every build here works without a database: queries were checked when .sqlx was written.
export SQLX_OFFLINE=true

say() { printf ':: %s\n' "$*" >&2; }
die() {
  printf 'error: %s\n' "$*" >&2
  exit 1
}

need() {
  local tool
  for tool in "$@"; do
    command -v "$tool" >/dev/null || die "\`$tool\` is missing; on Debian and Ubuntu it is part of util-linux"
  done
}

# A thousand concurrent conversations need more open files than the usual 1,024.
raise_open_files() {
  local most
  most="$(ulimit -Hn)"
  [[ $most != unlimited ]] && ((most < 65536)) || most=65536
  [[ "$(ulimit -Sn)" == unlimited ]] || (("$(ulimit -Sn)" >= most)) || ulimit -Sn "$most" || true
}
raise_open_files

# ---- one supervised command -------------------------------------------------------------------------
# A command runs in a session of its own: the terminal's Ctrl-C reaches only this script, which hands the
# child one SIGTERM. If the script itself is killed, the kernel sends the child that signal.

running_pid=''
signalled='' signal_seen=''

run() {
  local status=0
  setsid setpriv --pdeathsig TERM -- "$@" </dev/null 9>&- &
  running_pid=$!
  while :; do
    signal_seen=''
    status=0
    wait "$running_pid" || status=$?
    # A trapped signal ends `wait` early, with the signal's status: wait again for the child's own.
    [[ -n $signal_seen ]] || break
  done
  running_pid=''
  return "$status"
}

on_signal() {
  signalled=$1
  signal_seen=$1
  if [[ -n $running_pid ]]; then
    kill -TERM -- "-$running_pid" 2>/dev/null || true
  else
    exit "$1"
  fi
}

# run_or_exit COMMAND...: as run, but an interrupted script ends here, and a failure ends it with that code.
run_or_exit() {
  local status=0
  run "$@" || status=$?
  [[ -z $signalled ]] || exit "$signalled"
  ((status == 0)) || exit "$status"
}

# ---- cleaning up ------------------------------------------------------------------------------------

cleanups=()
at_exit() { cleanups=("$@" "${cleanups[@]}"); }

clean_up() {
  local status=$? step
  trap '' INT TERM HUP
  set +e
  [[ -n $running_pid ]] && kill -TERM -- "-$running_pid" 2>/dev/null
  for step in "${cleanups[@]}"; do "$step"; done
  exit "$status"
}

trap clean_up EXIT
trap 'on_signal 129' HUP
trap 'on_signal 130' INT
trap 'on_signal 143' TERM

# ---- small tools ------------------------------------------------------------------------------------

# until_true SECONDS COMMAND...: polls ten times a second; fails when the time is over.
until_true() {
  local deadline=$((SECONDS + $1))
  shift
  until "$@"; do
    ((SECONDS < deadline)) || return 1
    sleep 0.1
  done
}

random_hex() { od -An -N16 -tx1 /dev/urandom | tr -d ' \n'; }

port_is_free() { ! (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# A port below the range from which the kernel picks outgoing ones; a lost race is handled by the caller.
free_port() {
  local port
  for _ in {1..50}; do
    port=$((12000 + RANDOM % 20000))
    port_is_free "$port" && { printf '%s' "$port"; return; }
  done
  die 'no free port found on 127.0.0.1'
}

need_cargo() {
  command -v cargo >/dev/null || PATH="$HOME/.cargo/bin:$PATH"
  command -v cargo >/dev/null || die 'cargo is missing: install Rust from https://rustup.rs, then run this again'
}

# The directory of cargo's build output, according to CARGO_TARGET_DIR and cargo's own configuration.
target_directory() {
  cargo metadata --format-version 1 --no-deps --offline | sed -E 's/.*"target_directory":"([^"]*)".*/\1/'
}
