{{- /*
Alertmanager's configuration. It has no credential: Alertmanager reads each from its file when it sends, so that one that is
missing yet keeps no other receiver from being told. The name at a mail relay alone can be in no file: External Secrets puts
it in place of the call of "username".
*/}}
{{- define "monitoring.alertmanager" -}}
{{- $heartbeats := list }}
{{- range .Values.receivers }}
{{- if .heartbeatTopicArn }}
{{- $heartbeats = append $heartbeats (dict "topicArn" .heartbeatTopicArn "region" .region) }}
{{- end }}
{{- end -}}
route:
  receiver: administrators
  group_by: [alertname, namespace]
  group_wait: 30s
  group_interval: 5m
  repeat_interval: 12h
  routes:
    # Always on, to prove that alerts arrive.
    - receiver: {{ ternary "heartbeat" "nobody" (gt (len $heartbeats) 0) }}
      matchers: ['alertname = "Watchdog"']
      {{- if $heartbeats }}
      # At each minute in which the last one is four minutes old.
      group_interval: 1m
      repeat_interval: 4m
      {{- end }}
    # What only inhibits others.
    - receiver: nobody
      matchers: ['alertname = "InfoInhibitor"']
    - receiver: nobody
      matchers: ['severity = "info"']
inhibit_rules:
  - source_matchers: ['severity = "critical"']
    target_matchers: ['severity =~ "warning|info"']
    equal: [namespace, alertname]
  - source_matchers: ['severity = "warning"']
    target_matchers: ['severity = "info"']
    equal: [namespace, alertname]
receivers:
  - name: nobody
  {{- with $heartbeats }}
  - name: heartbeat
    sns_configs:
      {{- range . }}
      - topic_arn: {{ .topicArn | toJson }}
        sigv4: { region: {{ .region }} }
        # That it is over is no sign of life.
        send_resolved: false
      {{- end }}
  {{- end }}
  - name: administrators
    {{- range $kind := list "email" "pagerduty" "slack" "sns" "webhook" }}
    {{- $found := list }}
    {{- range $index, $receiver := $.Values.receivers }}
    {{- if eq $receiver.kind $kind }}
    {{- $found = append $found (dict "receiver" $receiver "index" $index) }}
    {{- end }}
    {{- end }}
    {{- if $found }}
    {{ $kind }}_configs:
      {{- range $found }}
      {{- include (printf "monitoring.%s" $kind) . | nindent 6 }}
      {{- end }}
    {{- end }}
    {{- end }}
{{- end }}

{{- define "monitoring.username" -}}
{{ printf "{{ .username%d | toJson }}" (int .index) }}
{{- end }}

{{- /* Where the pods of Alertmanager have the Secret of "monitoring.credentialName". */}}
{{- define "monitoring.credentialFile" -}}
/etc/alertmanager/credentials/{{ .index }}
{{- end }}

{{- define "monitoring.credentialName" -}}
alertmanager-credential-{{ .index }}
{{- end }}

{{- define "monitoring.email" -}}
- to: {{ .receiver.address | toJson }}
  from: {{ .receiver.from | toJson }}
  smarthost: {{ printf "%s:%d" .receiver.host (int .receiver.port) | toJson }}
  require_tls: {{ eq .receiver.security "starttls" }}
  force_implicit_tls: {{ eq .receiver.security "tls" }}
  send_resolved: true
  {{- if .receiver.secret }}
  auth_username: {{ include "monitoring.username" . }}
  auth_password_file: {{ include "monitoring.credentialFile" . }}
  {{- end }}
{{- end }}

{{- define "monitoring.pagerduty" -}}
- routing_key_file: {{ include "monitoring.credentialFile" . }}
{{- end }}

{{- define "monitoring.slack" -}}
- api_url_file: {{ include "monitoring.credentialFile" . }}
  send_resolved: true
{{- end }}

{{- define "monitoring.sns" -}}
- topic_arn: {{ .receiver.topicArn | toJson }}
  sigv4: { region: {{ .receiver.region }} }
{{- end }}

{{- define "monitoring.webhook" -}}
- url_file: {{ include "monitoring.credentialFile" . }}
{{- end }}
