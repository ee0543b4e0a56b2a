# A standalone buildkitd, as CI has them: on a socket and on a TCP port, its images from docker.io through our open
# registry (it does not see the engine's), its containers on this machine's network, so that they reach package indexes.
need_root "buildkitd" PYDEPLOY_TEST_BUILDKIT
. "$BED_DIR/go.sh"
part base
part registry
install procps
command -v runc >/dev/null || install runc # an engine from elsewhere brings its own, which Debian's would push out
buildkit_version=0.34.2
buildkit_bin=$BED_CACHE/bin

"$buildkit_bin/buildkitd" --version 2>/dev/null | grep -q "v$buildkit_version" || go_programs \
  github.com/moby/buildkit "$buildkit_version" "-X github.com/moby/buildkit/version.Version=v$buildkit_version" \
  github.com/moby/buildkit/cmd/buildkitd github.com/moby/buildkit/cmd/buildctl

mirror python:3.13-slim

# The registry's ports are others in every run of the bed; a buildkitd that knows old ones is of no use.
cat >"$BED_RUN/buildkitd.toml.new" <<T
[worker.containerd]
  enabled = false
[worker.oci]
  enabled = true
  snapshotter = "overlayfs"
  networkMode = "host"
  gc = true
  maxUsedSpace = "6GB"
[registry."docker.io"]
  mirrors = ["$PYDEPLOY_TEST_REGISTRY"]
[registry."$PYDEPLOY_TEST_REGISTRY"]
  http = true
[registry."$PYDEPLOY_TEST_REGISTRY_TLS"]
  http = false # else it is taken for an open one, being on localhost
  ca = ["$tls/ca.crt"]
T
cmp -s "$BED_RUN/buildkitd.toml.new" "$BED_RUN/buildkitd.toml" || stop buildkitd
mv "$BED_RUN/buildkitd.toml.new" "$BED_RUN/buildkitd.toml"
if ! alive buildkitd; then
  free_port >"$BED_RUN/buildkitd.port"
  say "starting buildkitd"
  # In namespaces of its own: with it go its mounts, and the build steps that a killed daemon would leave running.
  start buildkitd unshare --pid --fork --kill-child --mount-proc "$buildkit_bin/buildkitd" \
    --root "$BED_CACHE/buildkit" --config "$BED_RUN/buildkitd.toml" \
    --addr "unix://$BED_RUN/buildkitd.sock" --addr "tcp://127.0.0.1:$(cat "$BED_RUN/buildkitd.port")"
  await buildkitd 30 "$buildkit_bin/buildctl" --addr "unix://$BED_RUN/buildkitd.sock" debug workers
  pgrep -P "$(cat "$BED_RUN/buildkitd.pid")" >"$BED_RUN/buildkitd.child" # the daemon itself: unshare passes no signal on
  mv "$BED_RUN/buildkitd.child" "$BED_RUN/buildkitd.pid"
fi
emit PYDEPLOY_TEST_BUILDKIT "unix://$BED_RUN/buildkitd.sock"
emit PYDEPLOY_TEST_BUILDKIT_TCP "tcp://127.0.0.1:$(cat "$BED_RUN/buildkitd.port")"
emit PYDEPLOY_TEST_BUILDCTL "$buildkit_bin/buildctl"
