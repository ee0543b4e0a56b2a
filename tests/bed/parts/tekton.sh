# tekton-validate, which holds Tasks against Tekton's own validation: ours, on Tekton's module.
. "$BED_DIR/go.sh"
tekton_version=1.6.0
tekton=$BED_CACHE/bin/tekton-validate
tekton_of="$tekton_version $(sha256sum <"$BED_DIR/tekton-validate/main.go")"
if [ "$(cat "$tekton.of" 2>/dev/null)" != "$tekton_of" ] || [ ! -x "$tekton" ]; then
  go_own tekton-validate github.com/tektoncd/pipeline "$tekton_version"
  printf '%s\n' "$tekton_of" >"$tekton.of"
fi
emit PYDEPLOY_TEST_TEKTON_VALIDATE "$tekton"
