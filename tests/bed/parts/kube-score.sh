# kube-score, which grades manifests.
. "$BED_DIR/go.sh"
kube_score_version=1.20.0
kube_score=$BED_CACHE/bin/kube-score
"$kube_score" version 2>/dev/null | grep -q "version: $kube_score_version," \
  || go_programs github.com/zegl/kube-score "$kube_score_version" "-X main.version=$kube_score_version" \
    github.com/zegl/kube-score/cmd/kube-score
emit PYDEPLOY_TEST_KUBE_SCORE "$kube_score"
