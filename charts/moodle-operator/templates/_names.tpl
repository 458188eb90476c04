{{- define "moodle-operator.selector" -}}
app.kubernetes.io/name: moodle-operator
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "moodle-operator.labels" -}}
{{ include "moodle-operator.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end }}
