{{- /* The Service to which an ingress controller sends requests. Its routes are in that Service's namespace, as they must be. */}}
{{- define "moodle.backend" -}}
{{- with .Values.web.knative -}}
namespace: {{ .gateway.namespace }}
name: {{ .gateway.serviceName }}
port: {{ .gateway.port }}
{{- else -}}
namespace: {{ .Release.Namespace }}
name: {{ include "moodle.name" . }}-web
port: 8080
{{- end }}
{{- end }}

{{- /* Largest request, in MiB: an upload and the fields around it. */}}
{{- define "moodle.bodyMb" -}}
{{- add .Values.php.maxUploadMb 16 }}
{{- end }}

{{- define "moodle.hsts" -}}
max-age=31536000
{{- end }}
