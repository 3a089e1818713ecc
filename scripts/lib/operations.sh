# shellcheck shell=bash
# Tools of the checks of what operators see, installed below target/. Sourced after common.sh.

python=''

# Sets python to an interpreter with the packages that the checks need.
operations_python() {
  local venv=${OPERATIONS_VENV:-$ROOT/target/operations/venv}
  local list=$ROOT/scripts/lib/operations/requirements.txt
  python=$venv/bin/python
  if [[ -x $python ]] && cmp -s "$list" "$venv/requirements.txt"; then return 0; fi
  command -v python3 >/dev/null || return 1
  say 'installing Python packages'
  python3 -m venv "$venv" >&2 && "$python" -m pip install --quiet --disable-pip-version-check -r "$list" >&2 || return 1
  cp "$list" "$venv/requirements.txt"
}

# Installs Grafana's grammar of LogQL.
operations_node() {
  local home=$ROOT/target/operations/node
  command -v npm >/dev/null || return 1
  [[ -d $home/node_modules/@grafana/lezer-logql ]] && return 0
  mkdir -p "$home"
  printf '{"private": true}\n' >"$home/package.json"
  npm install --prefix "$home" --silent --no-audit --no-fund @grafana/lezer-logql@0.3 @lezer/lr@1 >&2
}
