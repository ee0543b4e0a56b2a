# checkov, which audits manifests: of PyPI, in a virtual environment of its own.
checkov_version=3.3.30
checkov=$BED_CACHE/checkov

# checkov itself takes seconds to say which it is.
checkov_is() { "$checkov/bin/python" -c 'from importlib.metadata import version; print(version("checkov"))' 2>/dev/null; }
make_checkov() {
  local log=$BED_RUN/checkov.log
  python3 -c 'import ensurepip' 2>/dev/null || install python3-venv
  rm -rf "$checkov"
  say "installing checkov $checkov_version (300 MB, a minute, once; log: $log)"
  { python3 -m venv "$checkov" && nice "$checkov/bin/pip" install -q --disable-pip-version-check "checkov==$checkov_version"; } \
    >"$log" 2>&1 || { tail -n 5 "$log" >&2; die "PyPI gave no checkov $checkov_version"; }
  "$checkov/bin/checkov" --version >>"$log" 2>&1 || { tail -n 5 "$log" >&2; die "checkov does not run here"; }
}
[ "$(checkov_is)" = "$checkov_version" ] || make_checkov
emit PYDEPLOY_TEST_CHECKOV "$checkov/bin/checkov"
