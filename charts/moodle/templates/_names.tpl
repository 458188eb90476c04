{{- /* The release's name, so that several sites share a cluster or a namespace. Suffixes must fit in 63 characters. */}}
{{- define "moodle.name" -}}
{{- if gt (len .Release.Name) 40 }}
{{- fail (printf "the release name %q is longer than 40 characters, which leaves no room for the suffixes of its objects" .Release.Name) }}
{{- end }}
{{- .Release.Name }}
{{- end }}

{{- /* Labels that select; they never change. Call with (dict "root" $ "component" "web"), or without a component. */}}
{{- define "moodle.selector" -}}
app.kubernetes.io/name: moodle
app.kubernetes.io/instance: {{ .root.Release.Name }}
{{- with .component }}
app.kubernetes.io/component: {{ . }}
{{- end }}
{{- end }}

{{- define "moodle.labels" -}}
{{ include "moodle.selector" . }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ .root.Chart.Name }}-{{ .root.Chart.Version }}
{{- end }}

{{- define "moodle.serviceAccountName" -}}
{{ .Values.serviceAccount.name | default (include "moodle.name" .) }}
{{- end }}

{{- define "moodle.image" -}}
{{- with .Values.image }}
{{- .repository }}{{ if .digest }}@{{ .digest }}{{ else }}:{{ .tag }}{{ end }}
{{- end }}
{{- end }}

{{- define "moodle.upstreamImage" -}}
{{- .repository }}:{{ .tag }}{{ with .digest }}@{{ . }}{{ end }}
{{- end }}

{{- /*
The secrets that pods read: where each comes from, and the files it becomes in its folder under /run/secrets/moodle.
The administrator's first password is for the install Job alone.
*/}}
{{- define "moodle.secrets" -}}
database:
  source: {{ toJson .Values.database.secret }}
  files: [username, password]
{{- with .Values.database.readerSecret }}
database-reader:
  source: {{ toJson . }}
  files: [username, password]
{{- end }}
redis-sessions:
  source: {{ toJson .Values.redis.sessions.secret }}
  files: [password]
redis-cache:
  source: {{ toJson .Values.redis.cache.secret }}
  files: [password]
{{- with (.Values.objectStore).secret }}
object-store:
  source: {{ toJson . }}
  files: [accessKeyId, secretAccessKey]
{{- end }}
{{- with (.Values.mail).secret }}
smtp:
  source: {{ toJson . }}
  files: [username, password]
{{- end }}
{{- with (.Values.analytics).secret }}
analytics:
  source: {{ toJson . }}
  files: [username, password]
{{- end }}
administrator:
  source: {{ toJson .Values.site.administratorSecret }}
  files: [adminPassword]
{{- end }}

{{- /* Certificates of the authorities that sign the services' own, by file name. */}}
{{- define "moodle.authorities" -}}
{{- with .Values.database.certificates -}}
database.pem: {{ toJson . }}
{{- end }}
{{- with .Values.redis.sessions.certificates }}
redis-sessions.pem: {{ toJson . }}
{{- end }}
{{- with .Values.redis.cache.certificates }}
redis-cache.pem: {{ toJson . }}
{{- end }}
{{- end }}
