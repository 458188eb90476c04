{{- define "drill-gate.selector" -}}
app.kubernetes.io/name: drill-gate
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "drill-gate.labels" -}}
{{ include "drill-gate.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end -}}
