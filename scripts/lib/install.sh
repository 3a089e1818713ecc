# shellcheck shell=bash
# Finds the PostgreSQL and Redis programs and installs what is missing with the system's package manager.
# Installing leaves nothing behind that runs: no default cluster, no started or enabled service.
# Sourced after common.sh; sets pg_bin, redis_server and redis_cli.

OLDEST_POSTGRES=15
pg_bin='' redis_server='' redis_cli='' wanted_packages=''

major_of() { "$1/postgres" --version 2>/dev/null | sed -E 's/^[^0-9]*([0-9]+).*/\1/'; }

# find_postgres MAJOR|any: sets pg_bin to the newest complete set of server programs of that version.
find_postgres() {
  local wanted=$1 dir major best=0
  local -a candidates=(/usr/lib/postgresql/*/bin /usr/pgsql-*/bin /usr/libexec/postgresql*/)
  dir="$(command -v postgres || true)"
  [[ -n $dir ]] && candidates+=("$(dirname "$(readlink -f "$dir")")")
  pg_bin=''
  for dir in "${candidates[@]}"; do
    dir=${dir%/}
    [[ -x $dir/postgres && -x $dir/initdb && -x $dir/psql && -x $dir/pg_isready ]] || continue
    major="$(major_of "$dir")"
    [[ $major =~ ^[0-9]+$ ]] || continue
    ((major >= OLDEST_POSTGRES && major > best)) || continue
    [[ $wanted == any || $wanted == "$major" ]] || continue
    best=$major
    pg_bin=$dir
  done
  [[ -n $pg_bin ]]
}

find_redis() {
  redis_server="$(command -v redis-server || command -v valkey-server || true)"
  redis_cli="$(command -v redis-cli || command -v valkey-cli || true)"
  [[ -n $redis_server && -n $redis_cli ]]
}

as_root() {
  if ((EUID == 0)); then
    "$@"
  elif ! command -v sudo >/dev/null; then
    die "installing packages needs root: run as root, install sudo, or install by hand: $wanted_packages"
  elif [[ -t 0 && -z ${CI:-} ]]; then
    sudo "$@"
  else
    sudo -n "$@" || die "sudo wants a password and nobody can be asked; install by hand: $wanted_packages"
  fi
}

# ---- keeping apt quiet ------------------------------------------------------------------------------
# policy-rc.d makes Debian's maintainer scripts start nothing; the other file makes PostgreSQL's create no
# cluster. Both exist only during the installation, and earlier files are restored afterwards.

POLICY=/usr/sbin/policy-rc.d
NO_CLUSTER=/etc/postgresql-common/createcluster.d/starling-no-cluster.conf
quiet_apt=''

apt_quiet_on() {
  as_root true
  quiet_apt=yes
  # shellcheck disable=SC2016 # expanded by the inner shell
  as_root sh -c '
    set -e
    if [ -e "$1" ] && [ ! -e "$1.before-starling" ]; then mv "$1" "$1.before-starling"; fi
    printf "#!/bin/sh\nexit 101\n" >"$1"
    chmod 755 "$1"
    mkdir -p "$(dirname "$2")"
    echo "create_main_cluster = false" >"$2"
  ' sh "$POLICY" "$NO_CLUSTER"
}

apt_quiet_off() {
  [[ -n $quiet_apt ]] || return 0
  quiet_apt=''
  # shellcheck disable=SC2016 # expanded by the inner shell
  as_root sh -c '
    rm -f "$1" "$2"
    rmdir "$(dirname "$2")" 2>/dev/null
    if [ -e "$1.before-starling" ]; then mv "$1.before-starling" "$1"; fi
  ' sh "$POLICY" "$NO_CLUSTER"
}

apt_get() {
  as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=120 "$@" \
    </dev/null >>"$ROOT/target/install.log" 2>&1
}

# Services of packages that were not there before are also kept from starting at the next boot.
apt_install_servers() {
  wanted_packages="$*"
  say "installing $wanted_packages with apt-get (no service is started)"
  at_exit apt_quiet_off
  apt_quiet_on
  mkdir -p "$ROOT/target"
  apt_get install --no-install-recommends "$@" || {
    apt_get update && apt_get install --no-install-recommends "$@"
  } || {
    tail -n 15 "$ROOT/target/install.log" >&2
    die "apt-get could not install: $wanted_packages"
  }
  apt_quiet_off
  if [[ " $* " == *' redis-server '* ]] && command -v systemctl >/dev/null; then
    as_root systemctl --quiet disable redis-server.service >/dev/null 2>&1 || true
  fi
}

# The entry point: afterwards pg_bin, redis_server and redis_cli name programs, or the script has ended.
install_servers() {
  local -a missing=()
  find_postgres any || missing+=(postgresql)
  find_redis || missing+=(redis-server)
  ((${#missing[@]} > 0)) || return 0
  if ! command -v apt-get >/dev/null; then
    die "not found: ${missing[*]}. This script installs packages only on Debian and Ubuntu. Install the
  servers of PostgreSQL $OLDEST_POSTGRES or newer and of Redis (Fedora: dnf install postgresql-server redis;
  Arch: pacman -S postgresql redis; Alpine: apk add postgresql16 redis) and run it again; nothing needs
  to be configured or started"
  fi
  apt_install_servers "${missing[@]}"
  find_postgres any || die "the system's PostgreSQL is older than $OLDEST_POSTGRES; add the packages of apt.postgresql.org"
  find_redis || die 'redis-server was installed but is not on the PATH'
}
