{{- define "model-rollout.selector" -}}
app.kubernetes.io/name: model-rollout
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "model-rollout.labels" -}}
{{ include "model-rollout.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end -}}
