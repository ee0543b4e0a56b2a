# python:3.13-slim in the engine. The stand-in is laid out as the official image is: Debian bookworm-slim, and
# CPython compiled from the pristine upstream source under /usr/local.
part docker
install zstd
. "$BED_DIR/images.sh"
make_python_slim() {
  debian_slim
  local work=$BED_CACHE/work/python source
  mkdir -p "$work"
  source=$(debian_source python3.13 'python3.13_*.orig.tar.xz' "$BED_CACHE/work/src")
  cp "$source" "$work/python.tar.xz"
  cp /etc/ssl/certs/ca-certificates.crt "$work/ca.crt"
  cp "$BED_DIR/images/python-slim.Dockerfile" "$work/Dockerfile"
  say "compiling CPython (3 to 5 minutes; log: $BED_RUN/python.log)"
  tar -C "$work" -c Dockerfile ca.crt python.tar.xz | DOCKER_BUILDKIT=0 docker build -t "$1" - >"$BED_RUN/python.log" 2>&1 \
    || { tail -n 20 "$BED_RUN/python.log" >&2; die "the stand-in for $1 could not be built"; }
}
image python:3.13-slim make_python_slim
