{{- /* A CronJob's template. Call with (dict "root" $ "component" "snapshot" "args" (list "snapshot")). */}}
{{- define "backup.jobTemplate" -}}
{{- $labels := printf "%s\napp.kubernetes.io/component: %s" (include "backup.selector" .root) .component }}
metadata:
  labels:
    {{- $labels | nindent 4 }}
spec:
  backoffLimit: 2
  activeDeadlineSeconds: {{ mul .root.Values.timeoutHours 3600 }}
  # A week to read its log; CronJobs keep fewer.
  ttlSecondsAfterFinished: 604800
  podFailurePolicy:
    rules:
      # A node that goes away is no fault of the run: the next pod goes on where this one was.
      - action: Ignore
        onPodConditions: [{ type: DisruptionTarget, status: "True" }]
      # Misconfigured, incomplete source, no repository, wrong key, references missing, drill failed: no use in another try.
      - action: FailJob
        onExitCodes: { containerName: backup, operator: In, values: [2, 3, 10, 12, 20, 21] }
  template:
    metadata:
      labels:
        {{- $labels | nindent 8 }}
      annotations:
        karpenter.sh/do-not-disrupt: "true"
        cluster-autoscaler.kubernetes.io/safe-to-evict: "false"
    spec:
      restartPolicy: Never
      # To give back the lease.
      terminationGracePeriodSeconds: 60
      {{- include "backup.podSpec" . | nindent 6 }}
      {{- if eq .component "drill" }}
      initContainers:
        {{- include "backup.drillServer" .root | nindent 8 }}
      {{- end }}
      containers:
        - name: backup
          image: {{ .root.Values.image | quote }}
          args: {{ concat .args (list "--config" "/etc/moodle-backup/config.json" "--json" "--result-file" "/dev/termination-log") | toJson }}
          {{- if and (eq .component "restore") .root.Values.restoreRepository }}
          env:
            - { name: MOODLE_BACKUP__REPOSITORY, value: {{ .root.Values.restoreRepository | toJson | quote }} }
          {{- end }}
          terminationMessagePolicy: FallbackToLogsOnError
          {{- include "backup.containerSecurity" . | nindent 10 }}
          resources:
            {{- toYaml .root.Values.resources | nindent 12 }}
          volumeMounts:
            {{- include "backup.mounts" . | nindent 12 }}
{{- end -}}
