# A helm, to render the chart with.
. "$BED_DIR/go.sh"
helm_version=3.22.0
"$BED_CACHE/bin/helm" version 2>/dev/null | grep -q "v$helm_version" || go_programs \
  helm.sh/helm/v3 "$helm_version" "-X helm.sh/helm/v3/internal/version.version=v$helm_version" helm.sh/helm/v3/cmd/helm
emit PYDEPLOY_TEST_HELM "$BED_CACHE/bin/helm"
