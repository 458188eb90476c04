{{- define "database-roles.selectorLabels" -}}
app.kubernetes.io/name: database-roles
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "database-roles.labels" -}}
{{ include "database-roles.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end -}}
