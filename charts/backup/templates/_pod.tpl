{{- /* What every pod has. Call with (dict "root" $ "component" "snapshot"). */}}
{{- define "backup.podSpec" -}}
serviceAccountName: {{ include "backup.account" . }}
automountServiceAccountToken: false
enableServiceLinks: false
# Moodle's own user: its files can be read by nobody else.
securityContext:
  runAsNonRoot: true
  runAsUser: 33
  runAsGroup: 33
  fsGroup: 33
  fsGroupChangePolicy: OnRootMismatch
  seccompProfile: { type: RuntimeDefault }
{{- with .root.Values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .root.Values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
volumes:
  {{- include "backup.volumes" . | nindent 2 }}
{{- end -}}

{{- define "backup.containerSecurity" -}}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: { drop: [ALL] }
{{- end -}}

{{- define "backup.volumes" -}}
{{- $values := .root.Values }}
- name: config
  configMap: { name: {{ .root.Release.Name }} }
# Passwords that a program of the database reads from a file: never on a disk.
- name: tmp
  emptyDir: { medium: Memory, sizeLimit: 16Mi }
{{- if ne .component "metrics" }}
- name: secrets
  projected:
    defaultMode: 0440
    sources:
      {{- $logins := dict "snapshot" (dict "use" "database" "source" $values.databaseSecret)
        "restore" (dict "use" "restore" "source" $values.restoreSecret) }}
      {{- with get $logins .component }}
      - secret:
          name: {{ include "backup.secretName" (dict "root" $.root "use" .use "source" .source) }}
          items:
            - { key: username, path: {{ .use }}/username }
            - { key: password, path: {{ .use }}/password }
      {{- end }}
      {{- if ne .component "restore" }}
      - secret:
          name: {{ include "backup.secretName" (dict "root" .root "use" "signing" "source" $values.signingSecret) }}
          items: [{ key: signingSecret, path: signing/signingSecret }]
      {{- end }}
{{- end }}
{{- if has .component (list "snapshot" "restore") }}
- name: files
  persistentVolumeClaim: { claimName: {{ $values.filesClaimName }}, readOnly: {{ eq .component "snapshot" }} }
{{- end }}
{{- if has .component (list "snapshot" "drill" "restore") }}
- name: scratch
  ephemeral:
    volumeClaimTemplate:
      spec:
        accessModes: [ReadWriteOnce]
        {{- with $values.scratch.storageClassName }}
        storageClassName: {{ . }}
        {{- end }}
        resources:
          requests: { storage: {{ ternary $values.drill.sizeGb $values.scratch.sizeGb (eq .component "drill") }}Gi }
{{- end }}
{{- if eq .component "drill" }}
- name: socket
  emptyDir: { sizeLimit: 1Mi }
{{- end }}
{{- end -}}

{{- define "backup.mounts" -}}
- { name: config, mountPath: /etc/moodle-backup, readOnly: true }
- { name: tmp, mountPath: /tmp }
{{- if ne .component "metrics" }}
- { name: secrets, mountPath: /run/secrets/moodle-backup, readOnly: true }
{{- end }}
{{- if has .component (list "snapshot" "restore") }}
- { name: files, mountPath: /var/moodle/data, readOnly: {{ eq .component "snapshot" }} }
{{- end }}
{{- if has .component (list "snapshot" "drill" "restore") }}
- { name: scratch, mountPath: /var/scratch }
{{- end }}
{{- if eq .component "drill" }}
- { name: socket, mountPath: /run/drill }
{{- end }}
{{- end -}}
