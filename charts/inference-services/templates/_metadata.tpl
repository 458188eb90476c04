{{- /* Labels and annotations by which KServe knows how to serve a model. */}}
{{- define "inference-services.metadata" -}}
{{- $model := .model }}
labels:
  {{- include "inference-services.podLabels" . | nindent 2 }}
  {{- /* Nothing outside the cluster reaches it. */}}
  {{- if eq $model.mode "Knative" }}
  networking.knative.dev/visibility: cluster-local
  {{- else }}
  networking.kserve.io/visibility: cluster-local
  {{- end }}
annotations:
  moodleplatform.io/version: {{ $model.version }}
  serving.kserve.io/deploymentMode: {{ $model.mode }}
  {{- if eq $model.mode "Standard" }}
  serving.kserve.io/autoscalerClass: {{ $model.scaling.class }}
  {{- else }}
  {{- /* Not 600 s: a revision that has not started by then is given up for good, and large models are still being fetched. */}}
  serving.knative.dev/progress-deadline: 3600s
  {{- if eq $model.scaling.class "hpa" }}
  autoscaling.knative.dev/class: hpa.autoscaling.knative.dev
  {{- end }}
  {{- end }}
{{- end }}
