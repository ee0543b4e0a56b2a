# JSON Schemas of every kind that Kubernetes has, one file each, of the OpenAPI document that its API server serves. The
# document is in Kubernetes' own Go module; schemas that others have made of it are not on any index that the bed uses.
. "$BED_DIR/go.sh"
kubernetes_version=1.34.4
# Another converter makes others.
schemas=$BED_CACHE/kubernetes-schemas/$kubernetes_version-$(sha256sum "$BED_DIR/kubernetes_schemas.py" | cut -c1-12)

make_schemas() {
  local work=$BED_CACHE/work/kubernetes-schemas log=$BED_RUN/kubernetes-schemas.log document
  local module=k8s.io/kubernetes@v$kubernetes_version
  rm -rf "$work" "$schemas"; mkdir -p "$work" "$(dirname "$schemas")"
  go_environment "$work"
  cd "$work"
  : >"$log"
  say "fetching $module for its OpenAPI document (18 MB, once; log: $log)"
  go_here "$work" "$log" mod download "$module"
  document=$work/mod/$module/api/openapi-spec/swagger.json
  python3 "$BED_DIR/kubernetes_schemas.py" "$document" "$work/schemas" || die "the OpenAPI document could not be converted"
  # Moved when whole: an interrupted run must not leave a few of them.
  mv "$work/schemas" "$schemas"
  cd /; rm -rf "$work"
}
[ -s "$schemas/deployment-apps-v1.json" ] || (make_schemas)
emit PYDEPLOY_TEST_SCHEMAS "$schemas"
