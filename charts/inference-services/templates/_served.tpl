{{- /*
Refuses what cannot follow upon what is served already, before anything of the release is changed: KServe refuses another
mode too, but only when callers have been turned towards it
(https://github.com/kserve/kserve/blob/v0.20.0/pkg/apis/serving/v1beta1/inference_service_validation.go, validateDeploymentMode).
*/}}
{{- define "inference-services.refuseAnotherMode" -}}
{{- $model := .model }}
{{- $served := "" }}
{{- /* In mode Standard the InferenceServices of a rollout have other names. */}}
{{- if not (and $model.rollout (eq $model.mode "Standard")) }}
{{- $service := lookup "serving.kserve.io/v1beta1" "InferenceService" .root.Release.Namespace $model.name }}
{{- $served = dig "status" "deploymentMode" "" $service }}
{{- end }}
{{- if $model.rollout }}
{{- $state := lookup "v1" "ConfigMap" .root.Release.Namespace (printf "%s-rollout-state" $model.name) }}
{{- $served = dig "data" "state.json" "{}" $state | fromJson | dig "mode" $served }}
{{- end }}
{{- if and $served (ne $served $model.mode) }}
{{- fail (printf "the model %s is served in mode %s and cannot go over to mode %s: set its deploymentMode to %s, or take it out of the models for one deploy"
  $model.name $served $model.mode (lower $served)) }}
{{- end }}
{{- end }}
