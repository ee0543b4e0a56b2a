# The cluster's certificates: one authority; whom a client certificate names is who its holder is (O is the group).
# Sourced by parts/cluster.sh.

# new_key NAME
new_key() { openssl ecparam -name prime256v1 -genkey -noout -out "$1.key"; }

# certificate NAME SUBJECT USAGE [SUBJECT-ALTERNATIVE-NAMES]
certificate() {
  new_key "$1"
  {
    printf 'basicConstraints=CA:FALSE\nkeyUsage=digitalSignature,keyEncipherment\nextendedKeyUsage=%s\n' "$3"
    [ -z "${4:-}" ] || echo "subjectAltName=$4"
  } >"$1.ext"
  openssl req -new -key "$1.key" -subj "$2" -out "$1.csr"
  openssl x509 -req -in "$1.csr" -CA ca.crt -CAkey ca.key -CAcreateserial -days 30 -extfile "$1.ext" -out "$1.crt" 2>/dev/null
}

# kubeconfig NAME: for the holder of the certificate by that name, on standard output, all of it in one file
kubeconfig() {
  cat <<K
apiVersion: v1
kind: Config
clusters: [{name: bed, cluster: {server: "https://$CLUSTER_NODE:6443", certificate-authority-data: $(base64 -w0 ca.crt)}}]
users: [{name: $1, user: {client-certificate-data: $(base64 -w0 "$1.crt"), client-key-data: $(base64 -w0 "$1.key")}}]
contexts: [{name: bed, context: {cluster: bed, user: $1}}]
current-context: bed
K
}

make_pki() (
  umask 077
  rm -rf "$CLUSTER/pki"; mkdir -p "$CLUSTER/pki"; cd "$CLUSTER/pki"
  new_key ca
  openssl req -x509 -new -key ca.key -subj '/CN=pydeploy test cluster' -days 30 -out ca.crt \
    -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign,cRLSign
  certificate apiserver /CN=kube-apiserver serverAuth \
    "DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc,DNS:kubernetes.default.svc.cluster.local,DNS:localhost,IP:$CLUSTER_NODE,IP:${CLUSTER_SERVICES%.*}.1,IP:127.0.0.1"
  certificate kubelet-serving /O=system:nodes/CN=system:node:node1 serverAuth "DNS:node1,IP:$CLUSTER_NODE"
  certificate apiserver-kubelet /O=system:masters/CN=kube-apiserver-kubelet-client clientAuth
  certificate admin /O=system:masters/CN=admin clientAuth
  certificate kubelet /O=system:nodes/CN=system:node:node1 clientAuth
  local component
  for component in kube-controller-manager kube-scheduler kube-proxy; do
    certificate "$component" "/CN=system:$component" clientAuth
  done
  # The authority of ServiceAccounts' tokens.
  openssl genrsa -out accounts.key 2048 2>/dev/null
  openssl rsa -in accounts.key -pubout -out accounts.pub 2>/dev/null
  for component in kubelet kube-controller-manager kube-scheduler kube-proxy; do kubeconfig "$component" >"$component.kubeconfig"; done
  kubeconfig admin >"$CLUSTER/kubeconfig"
)
