# python:3.13 in the engine: pulled, or the slim stand-in with the official image's build tools and libraries added.
part base
make_python_full() {
  say "installing the full image's packages (about 2 minutes; log: $BED_RUN/python-full.log)"
  DOCKER_BUILDKIT=0 docker build --force-rm -t "$1" - <"$BED_DIR/images/python-full.Dockerfile" >"$BED_RUN/python-full.log" 2>&1 \
    || { tail -n 20 "$BED_RUN/python-full.log" >&2; die "the stand-in for $1 could not be built"; }
}
image python:3.13 make_python_full
