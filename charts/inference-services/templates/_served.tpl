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

{{- /*
Refuses another autoscaler beside the one that is there. KServe takes away its HorizontalPodAutoscaler for the classes none
and external alone, beside which KEDA takes no ScaledObject, and never a ScaledObject
(https://github.com/kserve/kserve/blob/v0.20.0/pkg/controller/v1beta1/inferenceservice/reconcilers/autoscaler/autoscaler_reconciler.go,
https://github.com/kedacore/keda/blob/v2.20.2/apis/keda/v1alpha1/scaledobject_webhook.go, verifyHpas).
*/}}
{{- define "inference-services.refuseAnotherAutoscaler" -}}
{{- $namespace := .root.Release.Namespace }}
{{- $predictor := printf "%s-predictor" .model.name }}
{{- $left := "" }}
{{- if eq .model.scaling.class "keda" }}
{{- if lookup "autoscaling/v2" "HorizontalPodAutoscaler" $namespace $predictor }}
{{- $left = "HorizontalPodAutoscaler" }}
{{- end }}
{{- else if .root.Capabilities.APIVersions.Has "keda.sh/v1alpha1/ScaledObject" }}
{{- if lookup "keda.sh/v1alpha1" "ScaledObject" $namespace $predictor }}
{{- $left = "ScaledObject" }}
{{- end }}
{{- end }}
{{- if $left }}
{{- fail (printf "the model %s would have two autoscalers: take its %s %s away as docs/inference.md says in \"Another autoscaler\", and deploy again"
  .model.name $left $predictor) }}
{{- end }}
{{- end }}
