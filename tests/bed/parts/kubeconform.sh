# kubeconform, which holds manifests against schemas; it gets those of the part kubernetes-schemas.
. "$BED_DIR/go.sh"
part kubernetes-schemas
kubeconform_version=0.8.0
kubeconform=$BED_CACHE/bin/kubeconform
[ "$("$kubeconform" -v 2>/dev/null)" = "$kubeconform_version" ] \
  || go_programs github.com/yannh/kubeconform "$kubeconform_version" "-X main.version=$kubeconform_version" \
    github.com/yannh/kubeconform/cmd/kubeconform
emit PYDEPLOY_TEST_KUBECONFORM "$kubeconform"
