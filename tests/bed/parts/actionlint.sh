# actionlint, which checks workflows of GitHub Actions, and the shell in them with shellcheck.
. "$BED_DIR/go.sh"
actionlint_version=1.7.12
actionlint=$BED_CACHE/bin/actionlint
install shellcheck
"$actionlint" -version 2>/dev/null | grep -qx "$actionlint_version" \
  || go_programs github.com/rhysd/actionlint "$actionlint_version" \
    "-X github.com/rhysd/actionlint.version=$actionlint_version" \
    github.com/rhysd/actionlint/cmd/actionlint
emit PYDEPLOY_TEST_ACTIONLINT "$actionlint"
