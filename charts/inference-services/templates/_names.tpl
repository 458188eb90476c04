{{- /* Of what pods come from nothing that changes with the chart: another label would be another pod. */}}
{{- define "inference-services.podLabels" -}}
app.kubernetes.io/name: inference-services
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
{{- with .model }}
{{ include "inference-services.selector" . }}
{{- end }}
{{- end }}

{{- define "inference-services.labels" -}}
{{ include "inference-services.podLabels" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
helm.sh/chart: {{ .root.Chart.Name }}-{{ .root.Chart.Version }}
{{- end }}

{{- /* The pods of a model: KServe gives them the labels of the InferenceService, in either mode. */}}
{{- define "inference-services.selector" -}}
moodleplatform.io/model: {{ .name }}
{{- end }}
