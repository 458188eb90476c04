{{- define "moodle.authority" -}}
{{ if .certificates }}/etc/moodle/authorities/{{ .file }}{{ else }}/etc/ssl/certs/ca-certificates.crt{{ end }}
{{- end }}

{{- /* The environment of every container: the image's config.php, php.ini and nginx.conf are made from it. */}}
{{- define "moodle.configuration" -}}
MOODLE_WWWROOT: {{ printf "https://%s" .Values.site.domain | quote }}
MOODLE_SITE_NAME: {{ .Values.site.name | quote }}
MOODLE_SHORT_NAME: {{ .Values.site.shortName | quote }}
MOODLE_ADMIN_EMAIL: {{ .Values.site.adminEmail | quote }}
MOODLE_LANGUAGE: {{ .Values.site.language | quote }}
MOODLE_DATA_DIR: /var/moodle/data
MOODLE_LOCAL_DIR: /var/moodle/local
MOODLE_SECRETS_DIR: /run/secrets/moodle
MOODLE_MEMORY_LIMIT_MB: {{ .Values.php.memoryLimitMb | quote }}
MOODLE_MAX_UPLOAD_MB: {{ .Values.php.maxUploadMb | quote }}
MOODLE_REQUEST_TIMEOUT: {{ .Values.web.requestTimeoutSeconds | quote }}
{{- /* Knative's proxy asks from within the pod. */}}
{{- $own := empty .Values.web.knative | ternary list (list "127.0.0.1/32") }}
{{- with concat $own .Values.networkPolicy.ingress.cidrs .Values.networkPolicy.ingress.proxies }}
MOODLE_TRUSTED_PROXIES: {{ join " " . | quote }}
{{- end }}
{{- with .Values.database }}
MOODLE_DATABASE_TYPE: {{ .type | quote }}
MOODLE_DATABASE_HOST: {{ .host | quote }}
MOODLE_DATABASE_PORT: {{ .port | quote }}
MOODLE_DATABASE_NAME: {{ .name | quote }}
MOODLE_DATABASE_CA_FILE: {{ include "moodle.authority" (dict "certificates" .certificates "file" "database.pem") }}
{{- if hasKey . "fetchBuffer" }}
MOODLE_DATABASE_FETCH_BUFFER: {{ .fetchBuffer | quote }}
{{- end }}
{{- with .readerHosts }}
MOODLE_DATABASE_READERS: {{ join " " . | quote }}
{{- end }}
{{- end }}
MOODLE_REDIS_PREFIX: {{ printf "%s:%s:" .Release.Namespace .Release.Name | quote }}
{{- range $name, $group := pick .Values.redis "sessions" "cache" }}
MOODLE_REDIS_{{ upper $name }}_HOST: {{ $group.host | quote }}
MOODLE_REDIS_{{ upper $name }}_PORT: {{ $group.port | quote }}
MOODLE_REDIS_{{ upper $name }}_CA_FILE: {{ include "moodle.authority" (dict "certificates" $group.certificates "file" (printf "redis-%s.pem" $name)) }}
{{- end }}
{{- with .Values.objectStore }}
MOODLE_OBJECT_STORE: {{ .kind }}
MOODLE_OBJECT_STORE_BUCKET: {{ .bucket | quote }}
MOODLE_OBJECT_STORE_REGION: {{ .region | quote }}
{{- with .endpoint }}
MOODLE_OBJECT_STORE_ENDPOINT: {{ . | quote }}
{{- end }}
{{- with .keyPrefix }}
MOODLE_OBJECT_STORE_KEY_PREFIX: {{ . | quote }}
{{- end }}
{{- if eq .kind "gcs" }}
{{- /* Google's S3 interface refuses the checksums that AWS's SDK adds by itself. */}}
AWS_REQUEST_CHECKSUM_CALCULATION: when_required
AWS_RESPONSE_CHECKSUM_VALIDATION: when_required
{{- end }}
{{- end }}
{{- with .Values.mail }}
MOODLE_SMTP_HOST: {{ printf "%s:%v" .host .port | quote }}
MOODLE_SMTP_SECURITY: {{ .security }}
MOODLE_NOREPLY_ADDRESS: {{ .noReplyAddress | quote }}
{{- end }}
{{- with .Values.ai }}
MOODLE_AI_ENDPOINT: {{ .endpoint | quote }}
MOODLE_AI_MODEL: {{ .model | quote }}
{{- with .requestsPerUser }}
MOODLE_AI_REQUESTS_PER_USER: {{ . | quote }}
{{- end }}
{{- with .requests }}
MOODLE_AI_REQUESTS: {{ . | quote }}
{{- end }}
{{- end }}
{{- with .Values.analytics }}
MOODLE_ANALYTICS_HOST: {{ .host | quote }}
MOODLE_ANALYTICS_PORT: {{ .port | quote }}
{{- end }}
{{- with .Values.blockedHosts }}
MOODLE_BLOCKED_HOSTS: {{ join " " . | quote }}
{{- end }}
{{- if .Values.antivirus.enabled }}
MOODLE_CLAMAV_HOST: {{ include "moodle.name" . }}-antivirus
MOODLE_CLAMAV_PORT: "3310"
{{- end }}
{{- if .Values.adhoc.replicas }}
MOODLE_ADHOC_WORKERS: separate
{{- end }}
{{- end }}
