# shellcheck shell=bash
# Prepares the Python packages that judge the emulators: the official SDKs of Anthropic, Google and E2B, a Telegram
# bot framework and TDLib's parser. Without a usable Python, or without a network, the tests go on and say what they skip.
# Sourced after common.sh.

JUDGES=(anthropic==2.11.0 google-genai==3.6.1 e2b-code-interpreter==2.11.5 aiogram==3.31.0 tdjson==1.8.69)

# judges_prepare DIR: exports JUDGES_VENV when the environment is complete.
judges_prepare() {
  local venv=$1 wanted="${JUDGES[*]}"
  unset JUDGES_VENV
  if [[ "$(cat "$venv/complete" 2>/dev/null)" != "$wanted" ]] || ! "$venv/bin/python" -c '' 2>/dev/null; then
    judges_install "$venv" || return 0
    printf '%s\n' "$wanted" >"$venv/complete"
  fi
  export JUDGES_VENV=$venv
}

judges_install() {
  local venv=$1
  command -v python3 >/dev/null || { judges_skipped 'python3 is not installed'; return 1; }
  say "installing the judges into ${venv#"$ROOT/"}: ${JUDGES[*]}"
  rm -rf -- "$venv"
  python3 -m venv "$venv" >"$venv.log" 2>&1 \
    || { judges_skipped "python3 cannot make virtual environments (Debian: apt-get install python3-venv)"; return 1; }
  run "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-input "${JUDGES[@]}" >>"$venv.log" 2>&1 \
    || { [[ -z $signalled ]] || exit "$signalled"; judges_skipped "pip could not install them: $(tail -n 1 "$venv.log")"; return 1; }
}

judges_skipped() { printf 'skipped: the tests that use the official SDKs, aiogram and TDLib: %s\n' "$1" >&2; }
