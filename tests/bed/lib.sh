# Shared by tests/bed/up and tests/bed/down: where the bed keeps its things, how it starts and stops a daemon.
# Sourced, never run.

# What is slow to make (base images, the engine's layers) lives in the cache and survives `down`;
# what belongs to one run (sockets, pids, logs, certificates) lives in the run folder and does not.
BED_CACHE=${PYDEPLOY_BED_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/pydeploy-bed}
BED_RUN=$BED_CACHE/run
BED_DIR=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

say() { printf 'bed: %s\n' "$*" >&2; }
die() { printf 'bed: error: %s\n' "$*" >&2; exit 1; }

# emit NAME VALUE: one shell assignment for whoever evals our standard output
emit() { printf 'export %s=%q\n' "$1" "$2" >&3; }

need_root() {
  [ "$(id -u)" = 0 ] || die "$1 needs root. Either run this as root, or start one yourself and export $2."
}

# install PACKAGE…: Debian packages that are not installed yet
install() {
  local missing=() p
  for p in "$@"; do dpkg-query -W -f '${db:Status-Abbrev}' "$p" 2>/dev/null | grep -q '^ii' || missing+=("$p"); done
  [ ${#missing[@]} -gt 0 ] || return 0
  command -v apt-get >/dev/null || die "this is not Debian; install what these packages hold and run again: ${missing[*]}"
  [ "$(id -u)" = 0 ] || die "as root, run: apt-get install --no-install-recommends ${missing[*]}"
  say "installing ${missing[*]}"
  if ! DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >"$BED_RUN/apt.log" 2>&1; then
    apt-get update -qq >>"$BED_RUN/apt.log" 2>&1 || true
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >>"$BED_RUN/apt.log" 2>&1 \
      || { tail -n 5 "$BED_RUN/apt.log" >&2; die "apt-get could not install ${missing[*]} (log: $BED_RUN/apt.log)"; }
  fi
}

# running PID: that process exists and has not ended (one that nobody has collected yet still answers to `kill -0`)
running() {
  local stat
  { read -r stat <"/proc/$1/stat"; } 2>/dev/null || return 1
  stat=${stat##*) }
  [ "${stat%% *}" != Z ] && [ "${stat%% *}" != X ]
}

# alive NAME: a daemon of ours by that name is running
alive() { [ -s "$BED_RUN/$1.pid" ] && running "$(cat "$BED_RUN/$1.pid")"; }

# start NAME COMMAND…: in the background, in a session of its own, its process id recorded
start() {
  local name=$1; shift
  setsid "$@" >"$BED_RUN/$name.log" 2>&1 3>&- 9>&- </dev/null &
  echo $! >"$BED_RUN/$name.pid"
}

# await NAME SECONDS COMMAND…: until the command succeeds; fails with the log when the daemon died or time is up
await() {
  local name=$1 left=$(($2 * 10)); shift 2
  until "$@" >/dev/null 2>&1; do
    left=$((left - 1))
    if [ $left -le 0 ] || ! alive "$name"; then
      tail -n 20 "$BED_RUN/$name.log" >&2
      die "$name did not come up (log: $BED_RUN/$name.log)"
    fi
    sleep 0.1
  done
}

# stop NAME: by its recorded process id; SIGKILL after 15 s
stop() {
  local file=$BED_RUN/$1.pid pid i
  [ -s "$file" ] || return 0
  pid=$(cat "$file")
  if kill -TERM "$pid" 2>/dev/null; then
    for i in $(seq 150); do running "$pid" || break; sleep 0.1; done
    if running "$pid"; then say "$1 ($pid) did not end by itself: SIGKILL"; kill -KILL "$pid" 2>/dev/null; fi
  fi
  rm -f "$file"
}

# free_port: a TCP port of the loopback address that nobody listens on
free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
