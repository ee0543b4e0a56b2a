# Kubernetes' own programs, compiled from its Go module: the control plane's, the node's, and the kubectl of that version.
. "$BED_DIR/go.sh"
kubernetes_version=1.34.4
# Another main.go makes another executable.
KUBERNETES=$BED_CACHE/kubernetes/$kubernetes_version-$(cat "$BED_DIR"/cluster/{kubernetes,pause}/main.go | sha256sum | cut -c1-12)

# kubernetes_go_mod: requires Kubernetes, whose go.mod has other modules of its repository replaced by folders beside it;
# from the proxy they come by the versions under which they are published
kubernetes_go_mod() {
  local upstream
  upstream=$(go mod download -json "k8s.io/kubernetes@v$kubernetes_version" | sed -n 's/.*"GoMod": "\(.*\)".*/\1/p')
  printf 'module bed\n\n'
  grep -E '^(go|godebug) ' "$upstream"
  printf '\nrequire k8s.io/kubernetes v%s\n\nreplace (\n' "$kubernetes_version"
  sed -n "s#^\t\{0,1\}\(k8s.io/[^ ]*\) => ./staging/.*#\t\1 => \1 v0.${kubernetes_version#1.}#p" "$upstream"
  echo ')'
}

make_kubernetes() (
  local work=$BED_CACHE/work/kubernetes log=$BED_RUN/kubernetes-build.log package flags="-s -w" name
  mkdir -p "$work" "$KUBERNETES"
  go_environment "$work"
  cd "$work"
  rm -f go.mod go.sum # an interrupted run's
  : >"$log"
  say "fetching Kubernetes $kubernetes_version (600 MB of modules, once; log: $log)"
  go_here "$work" "$log" mod download "k8s.io/kubernetes@v$kubernetes_version"
  kubernetes_go_mod >new.mod # Go would read a go.mod that is being written
  mv new.mod go.mod
  for package in k8s.io/component-base/version k8s.io/client-go/pkg/version; do
    flags+=" -X $package.gitVersion=v$kubernetes_version -X $package.gitTreeState=clean"
    flags+=" -X $package.gitMajor=1 -X $package.gitMinor=$(cut -d. -f2 <<<"$kubernetes_version")"
  done
  cp "$BED_DIR"/cluster/kubernetes/main.go .
  say "compiling Kubernetes $kubernetes_version (10 to 20 minutes on two cores, once; log: $log)"
  nice -n 19 go build -trimpath -ldflags "$flags" -o kubernetes . >>"$log" 2>&1 \
    || { tail -n 20 "$log" >&2; die "Kubernetes could not be built"; }
  cp "$BED_DIR"/cluster/pause/main.go .
  go build -trimpath -ldflags "-s -w" -o "$KUBERNETES/pause" main.go >>"$log" 2>&1 || { tail -n 20 "$log" >&2; die "pause could not be built"; }
  for name in kube-apiserver kube-controller-manager kube-scheduler kubelet kube-proxy kubectl; do ln -sf kubernetes "$KUBERNETES/$name"; done
  # Moved when whole: it is what says that all is there.
  mv kubernetes "$KUBERNETES/"
  # An interrupted run keeps what it has compiled; a finished one has no more use for it.
  cd /; rm -rf "$work"
)
[ -x "$KUBERNETES/kubernetes" ] || make_kubernetes
