# check-jsonschema, which brings GitLab's own schema of its CI files: of PyPI, in a virtual environment of its own.
check_jsonschema_version=0.37.4
check_jsonschema=$BED_CACHE/check-jsonschema

make_check_jsonschema() {
  local log=$BED_RUN/check-jsonschema.log
  python3 -c 'import ensurepip' 2>/dev/null || install python3-venv
  rm -rf "$check_jsonschema"
  say "installing check-jsonschema $check_jsonschema_version (log: $log)"
  { python3 -m venv "$check_jsonschema" \
    && "$check_jsonschema/bin/pip" install -q --disable-pip-version-check "check-jsonschema==$check_jsonschema_version"; } \
    >"$log" 2>&1 || { tail -n 5 "$log" >&2; die "PyPI gave no check-jsonschema $check_jsonschema_version"; }
}
"$check_jsonschema/bin/check-jsonschema" --version 2>/dev/null | grep -q " $check_jsonschema_version$" || make_check_jsonschema
emit PYDEPLOY_TEST_CHECK_JSONSCHEMA "$check_jsonschema/bin/check-jsonschema"
