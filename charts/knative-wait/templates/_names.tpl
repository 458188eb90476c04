{{- define "knative-wait.selector" -}}
app.kubernetes.io/name: knative-wait
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "knative-wait.labels" -}}
{{ include "knative-wait.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end -}}
