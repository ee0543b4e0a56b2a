# The bed's one-node cluster: its addresses, its daemons, and how each is started and ended.
# Sourced, after lib.sh, by whatever handles it.
#
# The whole node is in mount, pid and network namespaces of its own, without a route to anywhere but this machine: what
# kubelet, kube-proxy and the containers do to mounts, processes, interfaces and packet filters is not this machine's,
# and is gone when their process 1 is. A pair of virtual interfaces joins the node's network to this machine's.
CLUSTER=$BED_RUN/cluster
CLUSTER_HERE=10.99.0.2
CLUSTER_NODE=10.99.0.1
CLUSTER_PODS=10.244.0.0/24
CLUSTER_SERVICES=10.96.0.0/24
CLUSTER_LINK=pydeploy-bed
CLUSTER_CGROUP=/pydeploy-bed
# In the order of their start.
CLUSTER_DAEMONS=(etcd containerd registries nameserver kube-apiserver kube-controller-manager kube-scheduler kubelet kube-proxy)

node_pid() { cat "$CLUSTER/node.pid"; }
# in_node COMMAND…: in the node's namespaces
in_node() { nsenter --target "$(node_pid)" --mount --net --pid -- "$@"; }
cluster_kubectl() { "$KUBERNETES/kubectl" --kubeconfig "$CLUSTER/kubeconfig" --cache-dir "$CLUSTER/kubectl-cache" "$@"; }
api_answers() { curl -fsS -m 5 --cacert "$CLUSTER/pki/ca.crt" --cert "$CLUSTER/pki/admin.crt" --key "$CLUSTER/pki/admin.key" "https://$CLUSTER_NODE:6443/readyz"; }

# take_from HOST ADDRESS: what images name as the registry HOST, containerd takes from ADDRESS, in plain HTTP
take_from() {
  mkdir -p "$CLUSTER/certs.d/$1"
  printf 'server = "http://%s"\n[host."http://%s"]\n  capabilities = ["pull", "resolve"]\n' "$2" "$2" >"$CLUSTER/certs.d/$1/hosts.toml"
}

# start_child NAME COMMAND…: COMMAND forks the daemon and waits for it (unshare and nsenter do, when a pid namespace
# is involved, and pass no signal on); the process id recorded is the daemon's, that of who waits is in NAME.waiter
start_child() {
  local name=$1 i; shift
  start "cluster/$name" "$@"
  mv "$CLUSTER/$name.pid" "$CLUSTER/$name.waiter"
  for i in $(seq 100); do
    ! pgrep -P "$(cat "$CLUSTER/$name.waiter")" >"$CLUSTER/$name.pid" || return 0
    sleep 0.05
  done
  tail -n 20 "$CLUSTER/$name.log" >&2
  die "$name did not start (log: $CLUSTER/$name.log)"
}
start_in_node() { local name=$1; shift; start_child "$name" nsenter --target "$(node_pid)" --mount --net --pid -- "$@"; }

# start_daemon NAME: unless it is running
start_daemon() {
  local pki=$CLUSTER/pki
  ! alive "cluster/$1" || return 0
  case $1 in
    etcd)
      # What it holds does not outlive the node, so it need not reach the disk.
      start_in_node etcd "$ETCD" --name bed --data-dir "$CLUSTER/etcd" --unsafe-no-fsync --log-level warn \
        --listen-client-urls http://127.0.0.1:2379 --advertise-client-urls http://127.0.0.1:2379 \
        --listen-peer-urls http://127.0.0.1:2380 --initial-advertise-peer-urls http://127.0.0.1:2380 \
        --initial-cluster bed=http://127.0.0.1:2380
      ;;
    containerd) start_in_node containerd containerd --config "$CLUSTER/containerd.toml" ;;
    registries)
      start cluster/registries python3 "$BED_DIR/cluster/forward.py" "$(node_pid)" $(cat "$CLUSTER/registry.ports")
      ;;
    nameserver) start_in_node nameserver python3 "$BED_DIR/cluster/nameserver.py" "$CLUSTER_NODE" ;;
    kube-apiserver)
      start_in_node kube-apiserver "$KUBERNETES/kube-apiserver" --etcd-servers=http://127.0.0.1:2379 \
        --bind-address="$CLUSTER_NODE" --advertise-address="$CLUSTER_NODE" --secure-port=6443 --allow-privileged=true \
        --client-ca-file="$pki/ca.crt" --tls-cert-file="$pki/apiserver.crt" --tls-private-key-file="$pki/apiserver.key" \
        --service-account-issuer=https://kubernetes.default.svc --service-account-key-file="$pki/accounts.pub" \
        --service-account-signing-key-file="$pki/accounts.key" --service-cluster-ip-range="$CLUSTER_SERVICES" \
        --authorization-mode=Node,RBAC --enable-admission-plugins=NodeRestriction \
        --kubelet-client-certificate="$pki/apiserver-kubelet.crt" --kubelet-client-key="$pki/apiserver-kubelet.key" \
        --kubelet-certificate-authority="$pki/ca.crt" --kubelet-preferred-address-types=InternalIP \
        --audit-policy-file="$BED_DIR/cluster/audit.yaml" --audit-log-path="$CLUSTER/audit.log"
      ;;
    kube-controller-manager)
      # Its controllers start one after the other, as fast as this limit lets them.
      start_in_node kube-controller-manager "$KUBERNETES/kube-controller-manager" --kubeconfig="$pki/kube-controller-manager.kubeconfig" \
        --kube-api-qps=500 --kube-api-burst=1000 --leader-elect=false --bind-address=127.0.0.1 \
        --use-service-account-credentials=true --service-account-private-key-file="$pki/accounts.key" --root-ca-file="$pki/ca.crt" \
        --cluster-signing-cert-file="$pki/ca.crt" --cluster-signing-key-file="$pki/ca.key" \
        --flex-volume-plugin-dir="$CLUSTER/kubelet/volume-plugins"
      ;;
    kube-scheduler)
      start_in_node kube-scheduler "$KUBERNETES/kube-scheduler" --kubeconfig="$pki/kube-scheduler.kubeconfig" --leader-elect=false --bind-address=127.0.0.1
      ;;
    kubelet)
      start_in_node kubelet "$KUBERNETES/kubelet" --config="$CLUSTER/kubelet.yaml" --kubeconfig="$pki/kubelet.kubeconfig" \
        --root-dir="$CLUSTER/kubelet" --cert-dir="$CLUSTER/kubelet/pki" --hostname-override=node1 --node-ip="$CLUSTER_NODE"
      ;;
    kube-proxy)
      start_in_node kube-proxy "$KUBERNETES/kube-proxy" --kubeconfig="$pki/kube-proxy.kubeconfig" --proxy-mode=iptables \
        --cluster-cidr="$CLUSTER_PODS" --hostname-override=node1 \
        --conntrack-max-per-core=0 --conntrack-tcp-timeout-established=0 --conntrack-tcp-timeout-close-wait=0
      ;;
    *) die "the node has no '$1'; it has: ${CLUSTER_DAEMONS[*]}" ;;
  esac
}

# daemon_answers NAME: returns when it does
daemon_answers() {
  case $1 in
    etcd) await cluster/etcd 30 in_node curl -fsS http://127.0.0.1:2379/health ;;
    containerd) await cluster/containerd 30 ctr --address "$CLUSTER/containerd.sock" version ;;
    kube-apiserver) await cluster/kube-apiserver 60 api_answers ;;
    kubelet) await cluster/kubelet 30 in_node curl -fsS "http://$CLUSTER_NODE:10248/healthz" ;;
  esac
}

# signal_daemon SIGNAL NAME
signal_daemon() {
  local file
  for file in "$CLUSTER/$2.pid" "$CLUSTER/$2.waiter"; do
    [ ! -s "$file" ] || kill "-$1" "$(cat "$file")" 2>/dev/null || true
  done
}

# kill_daemon NAME: at once; returns when it is gone
kill_daemon() {
  local file i
  [ ! -s "$CLUSTER/$1.pid" ] || kill -KILL "$(cat "$CLUSTER/$1.pid")" 2>/dev/null || true
  # Who waits for a daemon that was stopped has stopped as well.
  signal_daemon CONT "$1"
  for file in "$CLUSTER/$1.pid" "$CLUSTER/$1.waiter"; do
    [ -s "$file" ] || continue
    for i in $(seq 200); do running "$(cat "$file")" || break; sleep 0.05; done
    rm -f "$file"
  done
}

# cluster_down: nothing of the node is left when this returns, whatever state it was in
cluster_down() {
  [ -d "$CLUSTER" ] || return 0
  local daemon path i
  for daemon in "${CLUSTER_DAEMONS[@]}"; do signal_daemon CONT "$daemon"; done # else nobody collects what was stopped
  kill_daemon node # and with it everything in its pid namespace, the containers included
  for daemon in "${CLUSTER_DAEMONS[@]}"; do kill_daemon "$daemon"; done
  ip link del "$CLUSTER_LINK" 2>/dev/null || true
  for i in $(seq 50); do
    find /sys/fs/cgroup -depth -type d -path "/sys/fs/cgroup/*$CLUSTER_CGROUP*" -exec rmdir {} + 2>/dev/null || true
    compgen -G "/sys/fs/cgroup$CLUSTER_CGROUP" >/dev/null || compgen -G "/sys/fs/cgroup/*$CLUSTER_CGROUP" >/dev/null || break
    sleep 0.1
  done
  if [ -s "$CLUSTER/private.made" ]; then
    sort -r "$CLUSTER/private.made" | while read -r path; do rmdir "$path" 2>/dev/null || true; done
  fi
  # A disk that discards what is freed takes its time for each file, but takes many at once.
  find "$CLUSTER" -xdev -type f -print0 | xargs -0 -r -P 16 -n 100 rm -f
  rm -rf --one-file-system "${CLUSTER:?}"
}
