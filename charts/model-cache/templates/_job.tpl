{{- /* The pod of a Job that runs one of the programs. Call with root, program, arguments and token. */}}
{{- define "model-cache.pod" -}}
{{- $root := .root }}
metadata:
  labels:
    {{- include "model-cache.selector" $root | nindent 4 }}
  annotations:
    cluster-autoscaler.kubernetes.io/safe-to-evict: "false"
    karpenter.sh/do-not-disrupt: "true"
spec:
  restartPolicy: Never
  serviceAccountName: {{ $root.Values.serviceAccountName }}
  automountServiceAccountToken: {{ .token }}
  enableServiceLinks: false
  securityContext:
    runAsNonRoot: true
    runAsUser: 1000
    runAsGroup: 1000
    # Filestore gives its export to a group alone; EFS has its user by the access point.
    fsGroup: 1000
    fsGroupChangePolicy: OnRootMismatch
    seccompProfile: { type: RuntimeDefault }
  containers:
    - name: {{ .program }}
      image: {{ $root.Values.image.repository }}:{{ $root.Values.image.tag }}
      command: [python3, /programs/{{ .program }}.py]
      args: {{ toJson .arguments }}
      terminationMessagePolicy: FallbackToLogsOnError
      env:
        - { name: HOME, value: /tmp }
        - { name: PYTHONUNBUFFERED, value: "1" }
      securityContext:
        allowPrivilegeEscalation: false
        readOnlyRootFilesystem: true
        capabilities: { drop: [ALL] }
      resources:
        {{- toYaml $root.Values.resources | nindent 8 }}
      volumeMounts:
        - { name: programs, mountPath: /programs, readOnly: true }
        - { name: cache, mountPath: /cache }
        - { name: tmp, mountPath: /tmp }
  volumes:
    - name: programs
      configMap: { name: {{ $root.Release.Name }} }
    - name: cache
      persistentVolumeClaim: { claimName: {{ $root.Values.claimName }} }
    - name: tmp
      emptyDir: { sizeLimit: 1Gi }
{{- end }}
