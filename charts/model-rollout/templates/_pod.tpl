{{- /* What every pod has. Call with (dict "root" $ "account" "model-rollout" "args" (list "run") "resources" .Values.resources). */}}
{{- define "model-rollout.podSpec" -}}
serviceAccountName: {{ .account }}
# To speak to the API server.
automountServiceAccountToken: true
enableServiceLinks: false
securityContext:
  runAsNonRoot: true
  runAsUser: 65532
  runAsGroup: 65532
  seccompProfile: { type: RuntimeDefault }
{{- with .root.Values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .root.Values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
containers:
  - name: model-rollout
    image: {{ .root.Values.image | quote }}
    args: {{ .args | toJson }}
    {{- with .port }}
    ports:
      - { name: metrics, containerPort: {{ . }} }
    readinessProbe:
      tcpSocket: { port: metrics }
    {{- end }}
    terminationMessagePolicy: FallbackToLogsOnError
    securityContext:
      allowPrivilegeEscalation: false
      readOnlyRootFilesystem: true
      capabilities: { drop: [ALL] }
    resources:
      {{- toYaml .resources | nindent 6 }}
    volumeMounts:
      - { name: config, mountPath: /etc/model-rollout, readOnly: true }
volumes:
  - name: config
    configMap: { name: {{ .root.Release.Name }} }
{{- end -}}

{{- /* What the program reads. */}}
{{- define "model-rollout.config" -}}
{{- dict "models" .Values.models "prometheus" (dict "url" .Values.prometheus.url) "deadlineSeconds" .Values.deadlineSeconds | toJson }}
{{- end -}}
