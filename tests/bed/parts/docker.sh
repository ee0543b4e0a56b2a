# An engine. One that already answers is used as it is; otherwise a dockerd of our own, on a socket of its own.
if [ -S "$BED_RUN/docker.sock" ] && alive dockerd; then
  export DOCKER_HOST=unix://$BED_RUN/docker.sock
elif command -v docker >/dev/null && timeout 10 docker version --format '{{.Server.Version}}' >/dev/null 2>&1; then
  say "using the engine that is running ($(docker version --format '{{.Server.Version}}'))"
  DOCKER_HOST=${DOCKER_HOST:-$(docker context inspect --format '{{.Endpoints.docker.Host}}' 2>/dev/null || echo unix:///var/run/docker.sock)}
  export DOCKER_HOST
else
  need_root "starting an engine" DOCKER_HOST
  install docker.io iptables iproute2 procps
  export DOCKER_HOST=unix://$BED_RUN/docker.sock
  sysctl net.ipv4.ip_forward net.ipv4.conf.all.route_localnet 2>/dev/null | sed 's/ = /=/' >"$BED_RUN/sysctl.saved" || true
  # A table that nobody has used is not listed, and what came into it would stay: it is put down as it is, empty.
  iptables-save >"$BED_RUN/iptables.saved"
  listed() { grep -q "^\*$1" "$BED_RUN/iptables.saved"; }
  listed filter || printf '%s\n' '*filter' ':INPUT ACCEPT' ':FORWARD ACCEPT' ':OUTPUT ACCEPT' COMMIT >>"$BED_RUN/iptables.saved"
  listed nat || printf '%s\n' '*nat' ':PREROUTING ACCEPT' ':INPUT ACCEPT' ':OUTPUT ACCEPT' ':POSTROUTING ACCEPT' COMMIT \
    >>"$BED_RUN/iptables.saved"
  ip link show docker0 >/dev/null 2>&1 || touch "$BED_RUN/bridge.made"
  say "starting dockerd"
  start dockerd dockerd --host "$DOCKER_HOST" --data-root "$BED_CACHE/docker" --exec-root "$BED_RUN/docker-exec" \
    --pidfile "$BED_RUN/dockerd.pidfile" --storage-driver overlay2
  await dockerd 60 docker version
  # What earlier runs built is worth keeping, but not without bound.
  docker builder prune -f --keep-storage 6GB >/dev/null 2>&1 || true
fi
emit DOCKER_HOST "$DOCKER_HOST"
