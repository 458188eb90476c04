{{- define "backup.selector" -}}
app.kubernetes.io/name: backup
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "backup.labels" -}}
{{ include "backup.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end -}}

{{- /* The account of a component: drills and metrics read what verifications read. */}}
{{- define "backup.account" -}}
{{- $accounts := .root.Values.serviceAccounts }}
{{- (get $accounts .component | default $accounts.verify).name }}
{{- end -}}

{{- /* Name of the Secret. Call with (dict "root" $ "use" "database" "source" .Values.databaseSecret). */}}
{{- define "backup.secretName" -}}
{{- .source.existingSecret | default (printf "%s-%s" .root.Release.Name .use) }}
{{- end -}}
