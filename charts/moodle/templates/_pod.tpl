{{- /* What every pod has. Call with (dict "root" $ "component" "web"). */}}
{{- define "moodle.podMetadata" -}}
labels:
  {{- include "moodle.selector" . | nindent 2 }}
annotations:
  checksum/configuration: {{ list (include "moodle.configuration" .root) (include "moodle.authorities" .root) | toJson | sha256sum }}
  {{- /* An install Job that has run is no business of a restart. */}}
  {{- if and .root.Values.restartedAt (ne .component "install") }}
  moodleplatform.io/restarted-at: {{ .root.Values.restartedAt | quote }}
  {{- end }}
{{- end }}

{{- define "moodle.podSpec" -}}
serviceAccountName: {{ include "moodle.serviceAccountName" .root }}
automountServiceAccountToken: false
enableServiceLinks: false
securityContext:
  runAsNonRoot: true
  runAsUser: 33
  runAsGroup: 33
  fsGroup: 33
  # A shared volume holds millions of files: not to be walked at every start.
  fsGroupChangePolicy: OnRootMismatch
  seccompProfile:
    type: RuntimeDefault
{{- with .root.Values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .root.Values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- define "moodle.topologySpread" -}}
# ScheduleAnyway: a lost zone must not keep the pods that replace its own from starting elsewhere.
topologySpreadConstraints:
  {{- range list "topology.kubernetes.io/zone" "kubernetes.io/hostname" }}
  - topologyKey: {{ . }}
    maxSkew: 1
    whenUnsatisfiable: ScheduleAnyway
    nodeTaintsPolicy: Honor
    matchLabelKeys: [pod-template-hash]
    labelSelector:
      matchLabels:
        {{- include "moodle.selector" $ | nindent 8 }}
  {{- end }}
{{- end }}

{{- define "moodle.container" -}}
image: {{ include "moodle.image" . }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
envFrom:
  - configMapRef:
      name: {{ include "moodle.name" . }}-configuration
{{ include "moodle.containerSecurity" . }}
{{- end }}

{{- define "moodle.containerSecurity" -}}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities:
    drop: [ALL]
{{- end }}

{{- /* Mounts of a container that runs PHP. */}}
{{- define "moodle.phpMounts" -}}
- name: secrets
  mountPath: /run/secrets/moodle
  readOnly: true
- name: authorities
  mountPath: /etc/moodle/authorities
  readOnly: true
- name: data
  mountPath: /var/moodle/data
- name: local
  mountPath: /var/moodle/local
- name: tmp
  mountPath: /tmp
{{- end }}

{{- /* An upload is on the node whole before it is a file of Moodle's: there is room for eight of the largest at once. */}}
{{- define "moodle.scratch" -}}
{{ max .Values.scratchGb (divf (mul 8 .Values.php.maxUploadMb) 1024 | ceil) }}Gi
{{- end }}

{{- /* Volumes of a pod that runs PHP; the install Job is given "administrator" as well. */}}
{{- define "moodle.phpVolumes" -}}
{{- $root := .root -}}
- name: secrets
  projected:
    defaultMode: 0440
    sources:
      {{- range $folder, $secret := include "moodle.secrets" $root | fromYaml }}
      {{- if or (ne $folder "administrator") (eq $.component "install") }}
      - secret:
          name: {{ include "moodle.secretName" (dict "root" $root "folder" $folder "source" $secret.source) }}
          items:
            {{- range $secret.files }}
            - key: {{ . }}
              path: {{ $folder }}/{{ . }}
            {{- end }}
      {{- end }}
      {{- end }}
- name: authorities
  configMap:
    name: {{ include "moodle.name" $root }}-authorities
- name: data
  persistentVolumeClaim:
    claimName: {{ include "moodle.name" $root }}-data
- name: local
  emptyDir:
    sizeLimit: {{ include "moodle.scratch" $root }}
- name: tmp
  emptyDir:
    sizeLimit: {{ include "moodle.scratch" $root }}
{{- end }}

{{- define "moodle.secretName" -}}
{{- if .source.existingSecret }}
{{- .source.existingSecret }}
{{- else }}
{{- include "moodle.name" .root }}-{{ .folder }}
{{- end }}
{{- end }}

{{- /* Nothing runs against a schema that is not its own: it waits until the install Job has brought the database there. */}}
{{- define "moodle.waitContainer" -}}
- name: wait-for-schema
  command: [moodle, wait]
  {{- include "moodle.container" . | nindent 2 }}
  resources:
    requests: { cpu: 50m, memory: 128Mi, ephemeral-storage: 128Mi }
    limits: { memory: 256Mi }
  volumeMounts:
    {{- include "moodle.phpMounts" . | nindent 4 }}
{{- end }}
