{{- define "model-cache.selector" -}}
app.kubernetes.io/name: model-cache
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "model-cache.labels" -}}
{{ include "model-cache.selector" . }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end }}
