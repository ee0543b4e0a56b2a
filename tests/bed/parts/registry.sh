# Two registries, as users have them: one open on loopback, one with TLS under a private CA and with a password.
install docker-registry apache2-utils openssl curl python3-minimal
registry_config() { # NAME PORT EXTRA
  mkdir -p "$BED_RUN/registry/$1"
  cat >"$BED_RUN/registry/$1.yml" <<Y
version: 0.1
log: {level: info}
storage: {filesystem: {rootdirectory: $BED_RUN/registry/$1}, delete: {enabled: true}}
http:
  addr: 127.0.0.1:$2
$3
Y
}
if [ -n "${PYDEPLOY_TEST_REGISTRY:-}" ] && ! alive registry && curl -fsS -m 5 "http://$PYDEPLOY_TEST_REGISTRY/v2/" >/dev/null 2>&1; then
  say "using the registry at $PYDEPLOY_TEST_REGISTRY"
else
  if ! alive registry; then
    port=$(free_port); mkdir -p "$BED_RUN/registry"; echo "$port" >"$BED_RUN/registry/open.port"
    registry_config open "$port" ""
    start registry docker-registry serve "$BED_RUN/registry/open.yml"
  fi
  PYDEPLOY_TEST_REGISTRY=127.0.0.1:$(cat "$BED_RUN/registry/open.port")
  await registry 20 curl -fsS "http://$PYDEPLOY_TEST_REGISTRY/v2/"
fi
if ! alive registry-tls; then
  port=$(free_port); tls=$BED_RUN/registry/tls; mkdir -p "$tls"; echo "$port" >"$BED_RUN/registry/tls.port"
  openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj '/CN=pydeploy test CA' \
    -keyout "$tls/ca.key" -out "$tls/ca.crt" -addext basicConstraints=critical,CA:TRUE 2>/dev/null
  openssl req -newkey rsa:2048 -nodes -subj '/CN=localhost' -keyout "$tls/server.key" -out "$tls/server.csr" 2>/dev/null
  openssl x509 -req -days 30 -in "$tls/server.csr" -CA "$tls/ca.crt" -CAkey "$tls/ca.key" -CAcreateserial -out "$tls/server.crt" \
    -extfile <(printf 'subjectAltName=DNS:localhost,IP:127.0.0.1\nbasicConstraints=CA:FALSE\nextendedKeyUsage=serverAuth\n') 2>/dev/null
  # '?' and '~' come out differently in the two base64 alphabets: a client that mixes them up can't log in.
  echo 's3cret??~>' >"$tls/password"
  htpasswd -iBc "$tls/htpasswd" ship <"$tls/password" 2>/dev/null
  registry_config tls "$port" "  tls: {certificate: $tls/server.crt, key: $tls/server.key}
auth: {htpasswd: {realm: test, path: $tls/htpasswd}}"
  start registry-tls docker-registry serve "$BED_RUN/registry/tls.yml"
fi
tls=$BED_RUN/registry/tls
PYDEPLOY_TEST_REGISTRY_TLS=localhost:$(cat "$BED_RUN/registry/tls.port")
await registry-tls 20 curl -sS --cacert "$tls/ca.crt" "https://$PYDEPLOY_TEST_REGISTRY_TLS/v2/"
export PYDEPLOY_TEST_REGISTRY
emit PYDEPLOY_TEST_REGISTRY "$PYDEPLOY_TEST_REGISTRY"
emit PYDEPLOY_TEST_REGISTRY_TLS "$PYDEPLOY_TEST_REGISTRY_TLS"
emit PYDEPLOY_TEST_REGISTRY_TLS_CA "$tls/ca.crt"
emit PYDEPLOY_TEST_REGISTRY_TLS_USER ship
emit PYDEPLOY_TEST_REGISTRY_TLS_PASSWORD_FILE "$tls/password"
