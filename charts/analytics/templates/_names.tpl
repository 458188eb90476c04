{{- define "analytics.selector" -}}
app.kubernetes.io/name: analytics
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "analytics.labels" -}}
{{ include "analytics.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end -}}
