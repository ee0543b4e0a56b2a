# python:3.13-alpine in the engine. The stand-in has no apk, but musl, busybox and a CPython that takes musllinux wheels.
part docker
install zstd
. "$BED_DIR/images.sh"
make_python_musl() {
  debian_slim
  local work=$BED_CACHE/work/musl name package
  rm -rf "$work"; mkdir -p "$work"
  for name in musl zlib libffi bzip2 xz:xz-utils sqlite:sqlite3 busybox openssl python:python3.13; do
    package=${name#*:}
    cp "$(debian_source "$package" "${package}_*.orig.tar.*[z2]" "$BED_CACHE/work/src")" "$work/${name%:*}.tar"
  done
  cp /etc/ssl/certs/ca-certificates.crt "$work/ca.crt"
  cp "$BED_DIR/images/python-musl.Dockerfile" "$work/Dockerfile"
  say "compiling busybox, OpenSSL and CPython on musl (5 to 10 minutes, once; log: $BED_RUN/musl.log)"
  tar -C "$work" -c . | DOCKER_BUILDKIT=0 docker build --force-rm -t "$1" - >"$BED_RUN/musl.log" 2>&1 \
    || { tail -n 20 "$BED_RUN/musl.log" >&2; die "the stand-in for $1 could not be built"; }
  rm -rf "$work"
  docker image prune -f --filter label=pydeploy-bed=build-stage >/dev/null
}
image python:3.13-alpine make_python_musl
