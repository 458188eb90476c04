{{- /* Format, runtime and protocol of each framework, as kserve-runtime-configs has them. */}}
{{- define "inference-services.runtimes" -}}
sklearn: { format: sklearn, runtime: kserve-sklearnserver, protocol: v2 }
huggingface: { format: huggingface, runtime: kserve-huggingfaceserver, protocol: v2 }
triton: { format: triton, runtime: kserve-tritonserver, protocol: v2 }
{{- end }}

{{- /*
How many requests a second the model answers, or how busy the GPUs of each pod are, over all its pods: KEDA divides by the
target, so that the sum is what it needs. KServe's own servers count predictions, Triton counts for itself.
*/}}
{{- define "inference-services.query" -}}
{{- $name := .model.name }}
{{- if and .model.rollout (eq .model.mode "Standard") }}
{{- /* As the rollout names the InferenceService of a version: each is scaled by what it does itself. */}}
{{- $version := printf "%s-%s" $name (.model.version | replace "." "-") | trunc 36 }}
{{- $name = printf "%s-[0-9a-f]{6}" (regexReplaceAll "-+$" $version "") }}
{{- end }}
{{- $pods := printf `namespace=%q,pod=~"%s-predictor-.+"` .root.Release.Namespace $name }}
{{- if eq .model.scaling.metric "gpu" -}}
{{- /* There is a series for each GPU. */ -}}
sum(DCGM_FI_DEV_GPU_UTIL{{ printf "{%s}" $pods }}){{ if gt (int .model.gpus) 1 }} / {{ .model.gpus }}{{ end }}
{{- else if eq .model.framework "triton" -}}
sum(rate(nv_inference_request_success{{ printf "{%s}" $pods }}[2m]))
{{- else -}}
sum(rate(request_predict_seconds_count{{ printf "{%s}" $pods }}[2m]))
{{- end }}
{{- end }}

{{- /* What an InferenceService of the model says, whoever makes it. */}}
{{- define "inference-services.spec" -}}
{{- $root := .root }}
{{- $model := .model }}
{{- $runtime := get (include "inference-services.runtimes" . | fromYaml) $model.framework }}
predictor:
  serviceAccountName: {{ $root.Values.serviceAccountName }}
  automountServiceAccountToken: false
  minReplicas: {{ $model.minReplicas }}
  maxReplicas: {{ $model.maxReplicas }}
  {{- if or (eq $model.scaling.class "hpa") (eq $model.scaling.class "kpa") }}
  scaleMetric: {{ $model.scaling.metric }}
  scaleTarget: {{ $model.scaling.target }}
  {{- else if eq $model.scaling.class "keda" }}
  autoScaling:
    metrics:
      - type: External
        external:
          metric:
            backend: prometheus
            serverAddress: {{ $root.Values.prometheusAddress | quote }}
            query: {{ include "inference-services.query" . | quote }}
          target:
            type: Value
            value: {{ $model.scaling.target | quote }}
  {{- end }}
  {{- if eq $model.mode "Standard" }}
  deploymentStrategy:
    type: RollingUpdate
    rollingUpdate:
      {{- if $model.gpus }}
      {{- /* There may be no GPU for a replica too many. */}}
      maxSurge: 0
      maxUnavailable: 1
      {{- else }}
      maxSurge: 1
      maxUnavailable: 0
      {{- end }}
  {{- end }}
  securityContext:
    runAsNonRoot: true
    seccompProfile: { type: RuntimeDefault }
  {{- if $model.gpus }}
  tolerations:
    - key: nvidia.com/gpu
      operator: Exists
      effect: NoSchedule
  {{- end }}
  {{- if and (eq $model.mode "Standard") (gt (int $model.maxReplicas) 1) }}
  topologySpreadConstraints:
    - maxSkew: 1
      topologyKey: topology.kubernetes.io/zone
      whenUnsatisfiable: ScheduleAnyway
      labelSelector:
        matchLabels:
          {{- include "inference-services.selector" $model | nindent 10 }}
  {{- end }}
  model:
    modelFormat:
      name: {{ $runtime.format }}
    runtime: {{ $runtime.runtime }}
    protocolVersion: {{ $runtime.protocol }}
    storageUri: {{ $model.uri | quote }}
    {{- /* Triton has its models' names in the folder. */}}
    {{- $arguments := $model.arguments | default list }}
    {{- if ne $model.framework "triton" }}
    {{- $arguments = prepend $arguments (printf "--model_name=%s" $model.name) }}
    {{- end }}
    {{- with $arguments }}
    args:
      {{- range . }}
      - {{ . | quote }}
      {{- end }}
    {{- end }}
    resources:
      requests:
        cpu: {{ $model.cpu | quote }}
        memory: {{ $model.memory | quote }}
        {{- if $model.gpus }}
        nvidia.com/gpu: {{ $model.gpus | quote }}
        {{- end }}
      limits:
        {{- /* Without one of its own, that of the runtime: one processor. */}}
        cpu: {{ $model.cpu | quote }}
        memory: {{ $model.memory | quote }}
        {{- if $model.gpus }}
        nvidia.com/gpu: {{ $model.gpus | quote }}
        {{- end }}
{{- end }}
