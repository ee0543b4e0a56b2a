# Docker's buildx plugin, of Debian trixie's package; it runs by itself too: `docker-buildx build …`.
. "$BED_DIR/images.sh"
plugin=$BED_CACHE/buildx/usr/libexec/docker/cli-plugins/docker-buildx
"$plugin" version >/dev/null 2>&1 || debian_package docker-buildx "$BED_CACHE/buildx"
"$plugin" version >/dev/null || die "docker-buildx of trixie does not run here"
emit PYDEPLOY_TEST_BUILDX "$plugin"
