# A kubectl, of Debian trixie's package: a Go binary that asks no more of the machine than its libc.
. "$BED_DIR/images.sh"
kubectl=$BED_CACHE/kubectl/usr/bin/kubectl
"$kubectl" version --client >/dev/null 2>&1 || debian_package kubectl "$BED_CACHE/kubectl"
"$kubectl" version --client >/dev/null || die "kubectl of trixie does not run here"
emit PYDEPLOY_TEST_KUBECTL "$kubectl"
