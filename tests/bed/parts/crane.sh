# crane, which validates images in registries and OCI layouts.
. "$BED_DIR/go.sh"
crane_version=0.22.1
crane=$BED_CACHE/bin/crane
[ "$("$crane" version 2>/dev/null)" = "$crane_version" ] \
  || go_programs github.com/google/go-containerregistry "$crane_version" \
    "-X github.com/google/go-containerregistry/cmd/crane/cmd.Version=$crane_version" \
    github.com/google/go-containerregistry/cmd/crane
emit PYDEPLOY_TEST_CRANE "$crane"
