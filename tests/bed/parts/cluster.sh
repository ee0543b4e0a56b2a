# A Kubernetes cluster: the one of the context $PYDEPLOY_TEST_CONTEXT, or one real node of our own (etcd, the control
# plane, containerd, kubelet, kube-proxy, a bridge), which pulls from the bed's registries under the names they have here.
part registry
part kubectl

# An existing cluster gets no more than a look; its kubeconfig is taken out of the user's, for that context alone.
if [ -n "${PYDEPLOY_TEST_CONTEXT:-}" ]; then
  (umask 077; "$kubectl" config view --minify --flatten --context "$PYDEPLOY_TEST_CONTEXT" >"$BED_RUN/kubeconfig") \
    || die "there is no context '$PYDEPLOY_TEST_CONTEXT' in ${KUBECONFIG:-~/.kube/config}"
  timeout 30 "$kubectl" --kubeconfig "$BED_RUN/kubeconfig" get --raw /readyz >/dev/null \
    || die "the cluster of the context '$PYDEPLOY_TEST_CONTEXT' does not answer"
  say "using the cluster of the context $PYDEPLOY_TEST_CONTEXT"
  emit KUBECONFIG "$BED_RUN/kubeconfig"
  emit PYDEPLOY_TEST_KUBECONFIG "$BED_RUN/kubeconfig"
  return 0
fi

need_root "a cluster's node" PYDEPLOY_TEST_CONTEXT
part base
part kubernetes
. "$BED_DIR/cluster/node.sh"
. "$BED_DIR/cluster/pki.sh"
[[ $PYDEPLOY_TEST_REGISTRY =~ ^(127\.0\.0\.1|localhost): ]] \
  || die "the node reaches nothing but this machine: $PYDEPLOY_TEST_REGISTRY is not on its loopback address"
mirror python:3.13-slim
install iproute2 iptables procps util-linux containernetworking-plugins python3-minimal
command -v runc >/dev/null || install runc # an engine from elsewhere brings these two, which Debian's would push out
command -v containerd >/dev/null || install containerd
# Unpacked, not installed: the package would start a server of its own.
ETCD=$BED_CACHE/etcd/usr/bin/etcd
"$ETCD" --version >/dev/null 2>&1 || debian_package etcd-server "$BED_CACHE/etcd"
"$ETCD" --version >/dev/null || die "etcd of trixie does not run here"

# lay_out: the node's namespaces, and this machine's way into its network
lay_out() {
  local path
  cluster_down # what a killed node left
  [ -z "$(ip route show to exact "$CLUSTER_PODS")$(ip route show to exact "$CLUSTER_SERVICES")$(ip route show to exact "${CLUSTER_NODE%.*}.0/24")" ] \
    || die "this machine has a route for $CLUSTER_PODS, $CLUSTER_SERVICES or ${CLUSTER_NODE%.*}.0/24 already, which the node needs"
  mkdir -p "$CLUSTER"
  : >"$CLUSTER/private.made"
  for path in /var/lib/kubelet /var/lib/cni /var/log/containers /run/containerd; do
    [ -d "$path" ] || { mkdir "$path"; echo "$path" >>"$CLUSTER/private.made"; }
    echo "$path"
  done >"$CLUSTER/private.paths"
  echo "nameserver $CLUSTER_NODE" >"$CLUSTER/resolv.conf"
  start_child node unshare --mount --propagation private --pid --fork --mount-proc --net \
    "$BED_DIR/cluster/node" "$CLUSTER" "$KUBERNETES/pause"
  await cluster/node 10 test -e "$CLUSTER/node.ready"
  ip link add "$CLUSTER_LINK" type veth peer name eth0 netns "$(node_pid)"
  ip addr add "$CLUSTER_HERE/24" dev "$CLUSTER_LINK"
  ip link set "$CLUSTER_LINK" up
  in_node ip addr add "$CLUSTER_NODE/24" dev eth0
  in_node ip link set eth0 up
  # A route must be found before kube-proxy's rules see a packet to a Service.
  in_node ip route add "$CLUSTER_SERVICES" dev eth0
  ip route add "$CLUSTER_PODS" via "$CLUSTER_NODE"
  ip route add "$CLUSTER_SERVICES" via "$CLUSTER_NODE"
}

# own_cgroup: the one that all Pods are in, in each hierarchy of cgroup v1, or in the one of v2
own_cgroup() {
  local hierarchy file
  for hierarchy in /sys/fs/cgroup /sys/fs/cgroup/*; do
    [ -e "$hierarchy/cgroup.procs" ] || continue
    mkdir -p "$hierarchy$CLUSTER_CGROUP"
    for file in cpuset.cpus cpuset.mems; do # a child of v1 begins with none
      [ ! -e "$hierarchy/tasks" ] || [ ! -e "$hierarchy/$file" ] || cat "$hierarchy/$file" >"$hierarchy$CLUSTER_CGROUP/$file"
    done
  done
}

# configure NAME…: the node's files, filled in
configure() {
  local name
  for name in "$@"; do
    sed -e "s#@FOLDER@#$CLUSTER#g; s#@ADDRESS@#$CLUSTER_NODE#g; s#@PODS@#$CLUSTER_PODS#g; s#@CGROUP@#$CLUSTER_CGROUP#g" \
      "$BED_DIR/cluster/$name" >"$CLUSTER/$name"
  done
}

# reach_registries: containerd's way to the bed's registries, whose ports are others in every run of those
reach_registries() {
  local open=$PYDEPLOY_TEST_REGISTRY protected=$PYDEPLOY_TEST_REGISTRY_TLS certs=$CLUSTER/certs.d
  take_from "$open" "$open"
  take_from docker.io "$open" # what the open registry has under the same path, and nothing else
  mkdir -p "$certs/$protected"
  # Twice the same: what the host says it has not, containerd asks the server for.
  printf 'server = "https://%s"\nca = "%s"\n[host."https://%s"]\n  capabilities = ["pull", "resolve"]\n  ca = "%s"\n' \
    "$protected" "$tls/ca.crt" "$protected" "$tls/ca.crt" >"$certs/$protected/hosts.toml"
  echo "${open##*:} ${protected##*:}" >"$CLUSTER/registry.ports.new"
  cmp -s "$CLUSTER/registry.ports.new" "$CLUSTER/registry.ports" || kill_daemon registries
  mv "$CLUSTER/registry.ports.new" "$CLUSTER/registry.ports"
}

# pause_image: the image that every Pod starts with, in containerd
pause_image() {
  local image=$KUBERNETES/pause.tar containers=(ctr --address "$CLUSTER/containerd.sock" --namespace k8s.io)
  if [ ! -s "$image" ]; then
    tar -C "$KUBERNETES" -c pause | docker import -c 'ENTRYPOINT ["/pause"]' -c 'USER 65535:65535' - bed/pause:1 >/dev/null
    docker save bed/pause:1 >"$image.part" && mv "$image.part" "$image"
    docker rmi bed/pause:1 >/dev/null
  fi
  "${containers[@]}" images ls -q | grep -q /bed/pause:1 || "${containers[@]}" images import "$image" >/dev/null
}

alive cluster/node || { say "starting a node"; lay_out; own_cgroup; make_pki; }
mkdir -p "$CLUSTER/cni"
configure containerd.toml cni.conflist kubelet.yaml
mv "$CLUSTER/cni.conflist" "$CLUSTER/cni/bed.conflist"
declare -p KUBERNETES ETCD >"$CLUSTER/programs"
reach_registries
for daemon in etcd containerd registries nameserver; do start_daemon "$daemon"; done
daemon_answers etcd
start_daemon kube-apiserver
daemon_answers containerd
pause_image
daemon_answers kube-apiserver
for daemon in kube-controller-manager kube-scheduler kubelet kube-proxy; do start_daemon "$daemon"; done
await cluster/kubelet 60 cluster_kubectl get node node1
cluster_kubectl wait --for=condition=Ready node/node1 --timeout=60s >/dev/null || { tail -n 20 "$CLUSTER/kubelet.log" >&2; die "the node is not Ready"; }
# Before its namespace has one, a Pod is refused.
await cluster/kube-controller-manager 30 cluster_kubectl get serviceaccount default

emit KUBECONFIG "$CLUSTER/kubeconfig"
emit PYDEPLOY_TEST_KUBECONFIG "$CLUSTER/kubeconfig"
emit PYDEPLOY_TEST_CLUSTER_HERE "$CLUSTER_HERE"
emit PYDEPLOY_TEST_CLUSTER_AUDIT "$CLUSTER/audit.log"
