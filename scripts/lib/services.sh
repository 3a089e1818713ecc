# shellcheck shell=bash disable=SC2154 # names of programs are set by install.sh
# Private instances of PostgreSQL and Redis for play and tests: own ports on 127.0.0.1, own data, an
# unprivileged user, gone when the script ends. Instances of the system are never used or touched.
# Sourced after common.sh and install.sh. services_start DIR keep|throwaway exports DATABASE_URL and REDIS_URL.

services_home='' services_dir='' services_mode='' server_user='' server_password=''
postgres_pid='' redis_pid='' server_command=() dropped=()

# PG* variables of the caller would change what psql and the server do here.
unset "${!PG@}"
unset PSQLRC REDISCLI_AUTH

# ---- the user ---------------------------------------------------------------------------------------

pick_server_user() {
  ((EUID == 0)) || return 0
  local name
  for name in postgres redis nobody; do
    if id "$name" >/dev/null 2>&1; then
      server_user=$name
      return
    fi
  done
  die 'PostgreSQL refuses to run as root, and none of the users postgres, redis, nobody exists'
}

# Turns the subshell it is called in into a command of the unprivileged user, with a small, neutral
# environment (the caller's may hold keys); $1 is the signal it gets when this script dies, so that not
# even SIGKILL leaves a server behind.
as_server() {
  local death=$1
  shift
  local name
  for name in $(compgen -e); do export -n "${name?}"; done
  export PATH HOME=/ LC_ALL=C PGPASSWORD="$server_password" REDISCLI_AUTH="$server_password"
  drop_rights "$death"
  exec "${dropped[@]}" "$@"
}

# drop_rights SIGNAL: sets dropped to the words in front of a command of the unprivileged user.
drop_rights() {
  dropped=(setpriv)
  [[ -n $server_user ]] && dropped+=(--reuid "$server_user" --regid "$(id -g "$server_user")" --clear-groups)
  dropped+=(--pdeathsig "$1" --)
}

own() { [[ -z $server_user ]] || chown "$server_user:$(id -g "$server_user")" "$@"; }

# ---- the place --------------------------------------------------------------------------------------

# A directory is usable when the unprivileged user can reach it through all of its parents.
prepare_place() {
  mkdir -p "$1" && chmod 700 "$1" && own "$1" && (as_server KILL test -w "$1" -a -x "$1")
}

# Data lives in DIR/data, or, where the server user cannot go (a clone below /root), in a directory of
# /var/tmp, which the file DIR/data.elsewhere remembers so that the next start finds it.
choose_place() {
  local dir=$1 pointer=$1/data.elsewhere user=${server_user:-$(id -un)}
  if prepare_place "$dir/data" 2>/dev/null; then
    services_dir="$(readlink -f "$dir/data")"
    return
  fi
  rmdir "$dir/data" 2>/dev/null || true
  services_dir="$(cat "$pointer" 2>/dev/null || true)"
  if [[ $services_dir != /var/tmp/starling-data.* || "$(stat -c %U "$services_dir" 2>/dev/null)" != "$user" ]]; then
    services_dir="$(mktemp -d /var/tmp/starling-data.XXXXXXXX)"
    printf '%s\n' "$services_dir" >"$pointer"
  fi
  prepare_place "$services_dir" || die "the user $user can write neither below $dir nor in $services_dir"
  say "data of PostgreSQL and Redis: $services_dir (the user $user cannot reach $dir)"
}

services_forget() {
  local dir=$1 elsewhere
  elsewhere="$(cat "$dir/data.elsewhere" 2>/dev/null || true)"
  [[ $elsewhere == /var/tmp/starling-data.* ]] && rm -rf -- "$elsewhere"
  rm -rf -- "$dir/data" "$dir/data.elsewhere"
}

# A server that an earlier, killed script left on this data is ended; the lock says no other script owns it.
end_leftover() {
  local pid_file=$1 signal=$2 pid
  pid="$(head -n 1 "$pid_file" 2>/dev/null || true)"
  [[ $pid =~ ^[0-9]+$ && "$(readlink "/proc/$pid/cwd" 2>/dev/null)" == "$(dirname "$pid_file")" ]] || return 0
  say "ending a server that an earlier run left behind (process $pid)"
  kill "-$signal" "$pid" 2>/dev/null || true
  until_true 15 gone "$pid" || die "process $pid still uses $(dirname "$pid_file"); end it and run this again"
}

gone() { ! kill -0 "$1" 2>/dev/null; }

# ---- PostgreSQL -------------------------------------------------------------------------------------

postgres_prepare() {
  local data=$services_dir/postgres had
  if [[ -f $data/PG_VERSION ]]; then
    had="$(cat "$data/PG_VERSION")"
    find_postgres "$had" || die "the data in $data is of PostgreSQL $had, which is not installed any more; start afresh with --reset"
    end_leftover "$data/postmaster.pid" INT
    return
  fi
  # Made beside its place and moved there when complete, so that an interrupted start leaves no half of it.
  rm -rf -- "$data" "$data.new"
  mkdir "$data.new" && chmod 700 "$data.new" && own "$data.new"
  (cd "$data.new" && as_server KILL "$pg_bin/initdb" -D . --no-sync --encoding=UTF8 --locale=C --username=starling \
    --auth=scram-sha-256 --pwfile="$services_dir/password") >"$services_dir/initdb.log" 2>&1 \
    || { tail -n 20 "$services_dir/initdb.log" >&2; die 'PostgreSQL could not create its data'; }
  mv "$data.new" "$data"
}

# postgres_command PORT: sets server_command to what runs in the directory of the data.
postgres_command() {
  server_command=("$pg_bin/postgres" -D . -c listen_addresses=127.0.0.1 -c "port=$1" -c unix_socket_directories=
    -c max_connections=200 -c log_timezone=UTC -c timezone=UTC)
  # Tests throw the data away, so nothing has to survive a power cut.
  [[ $services_mode == throwaway ]] || return 0
  server_command+=(-c fsync=off -c synchronous_commit=off -c full_page_writes=off)
}

postgres_launch() {
  postgres_command "$1"
  cd "$services_dir/postgres" || exit
  as_server INT setsid "${server_command[@]}"
}

postgres_answers() {
  gone "$postgres_pid" && return 0 # noticed by the caller
  (as_server KILL "$pg_bin/pg_isready" -q -h 127.0.0.1 -p "$1") && [[ "$(sql postgres "$1" 'select 1' 2>/dev/null)" == 1 ]]
}

sql() {
  (as_server KILL "$pg_bin/psql" -XAtq -v ON_ERROR_STOP=1 \
    "host=127.0.0.1 port=$2 user=starling dbname=$1 sslmode=disable connect_timeout=5" -c "$3")
}

# Runs a file of statements in the database of the bot.
sql_file() {
  (as_server KILL "$pg_bin/psql" -XAtq -v ON_ERROR_STOP=1 -1 \
    "host=127.0.0.1 port=$postgres_port user=starling dbname=starling sslmode=disable connect_timeout=5") <"$1"
}

# Prints the database of the bot as statements.
sql_dump() {
  (as_server KILL "$pg_bin/pg_dump" \
    "host=127.0.0.1 port=$postgres_port user=starling dbname=starling sslmode=disable connect_timeout=5")
}

# ---- Redis ------------------------------------------------------------------------------------------

redis_prepare() {
  local data=$services_dir/redis
  mkdir -p "$data" && chmod 700 "$data" && own "$data"
  end_leftover "$data/redis.pid" TERM
}

redis_launch() {
  local append=no
  [[ $services_mode == keep ]] && append=yes
  cd "$services_dir/redis" || exit
  (
    umask 077
    printf '%s\n' 'bind 127.0.0.1' "port $1" 'daemonize no' 'pidfile redis.pid' "requirepass $server_password" \
      'maxmemory 256mb' 'maxmemory-policy volatile-lru' "appendonly $append" 'save ""' >redis.conf
  )
  own redis.conf
  redis_command
  as_server TERM setsid "${server_command[@]}"
}

redis_command() { server_command=("$redis_server" redis.conf); }

redis_answers() {
  gone "$redis_pid" && return 0 # noticed by the caller
  [[ "$(as_server KILL "$redis_cli" -h 127.0.0.1 -p "$1" ping 2>/dev/null)" == PONG ]]
}

# ---- both -------------------------------------------------------------------------------------------

# launch NAME: starts it on a free port; another port is tried when somebody was quicker.
launch() {
  local name=$1 log=$services_dir/$1.log port pid
  for _ in {1..5}; do
    port="$(free_port)"
    ("${name}_launch" "$port") </dev/null >"$log" 2>&1 9>&- &
    pid=$!
    printf -v "${name}_pid" '%s' "$pid"
    until_true 60 "${name}_answers" "$port" || { tail -n 20 "$log" >&2; die "$name does not answer on port $port; its log: $log"; }
    if ! gone "$pid"; then
      printf -v "${name}_port" '%s' "$port"
      return
    fi
    grep -qi 'address already in use' "$log" || break
  done
  tail -n 20 "$log" >&2
  die "$name did not start; its log: $log"
}

services_start() {
  local dir=$1
  services_home=$1
  services_mode=$2
  need setsid setpriv flock
  install_servers
  pick_server_user
  mkdir -p "$dir"
  at_exit services_stop
  choose_place "$dir"
  if [[ ! -s $services_dir/password ]]; then
    (umask 077 && random_hex >"$services_dir/password")
    own "$services_dir/password"
  fi
  server_password="$(cat "$services_dir/password")"
  postgres_prepare
  redis_prepare
  launch postgres
  launch redis
  # shellcheck disable=SC2154 # set by launch
  [[ "$(sql postgres "$postgres_port" "select 1 from pg_database where datname = 'starling'")" == 1 ]] \
    || sql postgres "$postgres_port" 'create database starling'
  export DATABASE_URL="postgres://starling:$server_password@127.0.0.1:$postgres_port/starling"
  # shellcheck disable=SC2154 # set by launch
  export REDIS_URL="redis://:$server_password@127.0.0.1:$redis_port/0"
  say "PostgreSQL on 127.0.0.1:$postgres_port, Redis on 127.0.0.1:$redis_port"
}

# services_starters DIR: writes DIR/postgres.start and DIR/redis.start, which start a server anew, in the foreground and
# on the port that it had. For a driver that ends servers; what it starts dies with it.
services_starters() {
  local name signal
  # Their end needs no message from the shell.
  disown "$postgres_pid" "$redis_pid"
  for name in postgres redis; do
    signal=TERM
    [[ $name == redis ]] || signal=INT
    # Redis has its port in its file.
    "${name}_command" "${postgres_port:-}"
    drop_rights "$signal"
    {
      printf '#!/usr/bin/env bash\ncd %q && exec env -i LC_ALL=C PATH=%q' "$services_dir/$name" "$PATH"
      printf ' %q' "${dropped[@]}" "${server_command[@]}"
      printf ' >>%q 2>&1\n' "$services_dir/$name.log"
    } >"$1/$name.start"
    chmod 700 "$1/$name.start"
  done
}

# stop PID SIGNAL LAST: asks, waits, and at last does not ask any more.
stop() {
  [[ -n $1 ]] || return 0
  kill "-$2" "$1" 2>/dev/null
  until_true 20 gone "$1" || kill "-$3" "$1" 2>/dev/null
  wait "$1" 2>/dev/null
}

services_stop() {
  stop "$redis_pid" TERM KILL
  stop "$postgres_pid" INT QUIT
  redis_pid='' postgres_pid=''
  if [[ $services_mode == throwaway && -n $services_home ]]; then services_forget "$services_home"; fi
}
