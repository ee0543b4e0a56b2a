{{- define "python-app.selector" -}}
app.kubernetes.io/name: {{ .Values.name }}
{{- end }}

{{- define "python-app.labels" -}}
app.kubernetes.io/managed-by: pydeploy
{{ include "python-app.selector" . }}
{{- with .Values.partOf }}
app.kubernetes.io/part-of: {{ . }}
{{- end }}
{{- with .Values.version }}
{{- with regexReplaceAll "^[^A-Za-z0-9]+|[^A-Za-z0-9]+$" (trunc 63 .) "" }}
app.kubernetes.io/version: {{ toJson . }}
{{- end }}
{{- end }}
{{- end }}

{{- /* What every object's metadata has beside its name. */}}
{{- define "python-app.metadata" -}}
{{- with .Values.namespace }}
namespace: {{ . }}
{{- end }}
labels:
  {{- include "python-app.labels" . | nindent 2 }}
{{- end }}

{{- /* The name of the port at an index: (list INDEX PORT). */}}
{{- define "python-app.portName" -}}
{{- $index := index . 0 }}
{{- $port := index . 1 }}
{{- if and (eq (int $index) 0) (eq $port.protocol "TCP") -}}
http
{{- else -}}
{{ lower $port.protocol }}-{{ int64 $port.port }}
{{- end }}
{{- end }}

{{- define "python-app.probe" -}}
{{- with .handler }}
{{- with .exec }}
exec:
  command:
    {{- range . }}
    - {{ toJson . }}
    {{- end }}
{{- end }}
{{- with .httpGet }}
httpGet:
  port: {{ int64 .port }}
  path: {{ toJson .path }}
  {{- with .headers }}
  httpHeaders:
    {{- range . }}
    - name: {{ toJson (index . 0) }}
      value: {{ toJson (index . 1) }}
    {{- end }}
  {{- end }}
{{- end }}
{{- with .tcpSocket }}
tcpSocket:
  port: {{ int64 .port }}
{{- end }}
{{- with .grpc }}
grpc:
  port: {{ int64 .port }}
  {{- if hasKey . "service" }}
  service: {{ toJson .service }}
  {{- end }}
{{- end }}
{{- end }}
periodSeconds: {{ int64 .period }}
timeoutSeconds: {{ int64 .timeout }}
failureThreshold: {{ int64 .failures }}
{{- end }}

{{- /* A number of Pods, or a part of them. */}}
{{- define "python-app.count" -}}
{{- if kindIs "string" . }}{{ toJson . }}{{ else }}{{ int64 . }}{{ end }}
{{- end }}

{{- define "python-app.peer" -}}
{{- if hasKey . "cidr" }}
ipBlock:
  cidr: {{ toJson .cidr }}
{{- else }}
{{- with .pods.namespaceLabels }}
namespaceSelector:
  matchLabels:
    {{- toYaml . | nindent 4 }}
{{- end }}
{{- with .pods.podLabels }}
podSelector:
  matchLabels:
    {{- toYaml . | nindent 4 }}
{{- end }}
{{- end }}
{{- end }}

{{- /* The name of the application that a workload is of. */}}
{{- define "python-app.application" -}}
{{ .Values.partOf | default .Values.name }}
{{- end }}

{{- /* A process as a workload of its own: (list $ PROCESS). It has what the application has, but what is of requests. */}}
{{- define "python-app.process" -}}
{{- $shared := omit (index . 0).Values "ports" "probes" "release" "processes" "replicas" "single" "args" "ingress" "autoscaler" "disruptionBudget" "drain" }}
{{- $own := set (deepCopy (index . 1)) "partOf" (index . 0).Values.name }}
{{- dict "Values" (merge $own $shared) | toYaml }}
{{- end }}

{{- /* Words of a command. The kubelet expands $(NAME) and turns $$ into $: doubled, a word stays what it is. */}}
{{- define "python-app.words" -}}
{{- range . }}
{{- if or (contains "$(" .) (contains "$$" .) }}
- {{ . | replace "$" "$$" | toJson }}
{{- else }}
- {{ toJson . }}
{{- end }}
{{- end }}
{{- end }}

{{- /* What a container of the image is, whatever it is started for. */}}
{{- define "python-app.program" -}}
image: {{ .Values.image.repository }}@{{ .Values.image.digest }}
imagePullPolicy: IfNotPresent
{{- with .Values.env }}
env:
  {{- range $name, $value := . }}
  - name: {{ toJson $name }}
    {{- if kindIs "string" $value }}
    {{- /* The kubelet expands $(NAME) and turns $$ into $: doubled, a value stays what it is. */}}
    {{- if or (contains "$(" $value) (contains "$$" $value) }}
    value: {{ $value | replace "$" "$$" | toJson }}
    {{- else }}
    value: {{ toJson $value }}
    {{- end }}
    {{- else }}
    valueFrom:
      {{- with $value.secret }}
      secretKeyRef:
        name: {{ toJson .name }}
        key: {{ toJson .key }}
      {{- end }}
      {{- with $value.configMap }}
      configMapKeyRef:
        name: {{ toJson .name }}
        key: {{ toJson .key }}
      {{- end }}
    {{- end }}
  {{- end }}
{{- end }}
{{- with .Values.envFrom }}
envFrom:
  {{- range . }}
  {{- with .secret }}
  - secretRef:
      name: {{ toJson . }}
  {{- end }}
  {{- with .configMap }}
  - configMapRef:
      name: {{ toJson . }}
  {{- end }}
  {{- end }}
{{- end }}
{{- if or .Values.resources.requests .Values.resources.limits }}
resources:
  {{- with .Values.resources.requests }}
  requests:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.resources.limits }}
  limits:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- else }}
resources: {}
{{- end }}
securityContext:
  allowPrivilegeEscalation: false
  capabilities:
    drop:
      - ALL
  privileged: false
  readOnlyRootFilesystem: true
  runAsNonRoot: true
  runAsUser: {{ int64 .Values.identity.uid }}
  runAsGroup: {{ int64 .Values.identity.gid }}
volumeMounts:
  - name: tmp
    mountPath: /tmp
  {{- range $name, $volume := .Values.volumes }}
  - name: {{ $name }}
    mountPath: {{ toJson $volume.path }}
    {{- if $volume.readOnly }}
    readOnly: true
    {{- end }}
  {{- end }}
{{- end }}
