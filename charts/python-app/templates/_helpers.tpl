{{- define "python-app.selector" -}}
app.kubernetes.io/name: {{ .Values.name }}
{{- end }}

{{- define "python-app.labels" -}}
app.kubernetes.io/managed-by: pydeploy
{{ include "python-app.selector" . }}
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
