{{- /*
Helm counts a Knative Service as ready once it is there. Call with root, service and wait.
*/ -}}
{{- define "moodle.knativeWait" -}}
{{- $name := printf "%s-ready" .service }}
{{- $labels := include "moodle.labels" (dict "root" .root "component" "ready") }}
apiVersion: v1
kind: ServiceAccount
metadata:
  name: {{ $name }}
  labels:
    {{- $labels | nindent 4 }}
automountServiceAccountToken: false
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata:
  name: {{ $name }}
  labels:
    {{- $labels | nindent 4 }}
rules:
  - apiGroups: [serving.knative.dev]
    resources: [services]
    resourceNames: [{{ .service }}]
    verbs: [get, list, watch]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata:
  name: {{ $name }}
  labels:
    {{- $labels | nindent 4 }}
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: Role
  name: {{ $name }}
subjects:
  - { kind: ServiceAccount, name: {{ $name }}, namespace: {{ .root.Release.Namespace }} }
---
# A hook, because Helm waits for a hook whatever its other options.
apiVersion: batch/v1
kind: Job
metadata:
  name: {{ $name }}
  labels:
    {{- $labels | nindent 4 }}
  annotations:
    helm.sh/hook: post-install,post-upgrade
    helm.sh/hook-delete-policy: before-hook-creation
spec:
  backoffLimit: 5
  activeDeadlineSeconds: {{ .wait.seconds }}
  # Three days to read its log.
  ttlSecondsAfterFinished: 259200
  template:
    metadata:
      labels:
        {{- include "moodle.selector" (dict "root" .root "component" "ready") | nindent 8 }}
    spec:
      restartPolicy: Never
      serviceAccountName: {{ $name }}
      automountServiceAccountToken: true
      enableServiceLinks: false
      securityContext:
        runAsNonRoot: true
        runAsUser: 65532
        runAsGroup: 65532
        seccompProfile: { type: RuntimeDefault }
      containers:
        - name: wait
          image: {{ .wait.image.repository }}:{{ .wait.image.tag }}
          # kubectl looks at observedGeneration too: the revision of an earlier release does not count.
          args: [wait, services.serving.knative.dev/{{ .service }}, --namespace={{ .root.Release.Namespace }}, --for=condition=Ready, --timeout={{ .wait.seconds }}s]
          terminationMessagePolicy: FallbackToLogsOnError
          {{- include "moodle.containerSecurity" .root | nindent 10 }}
          resources:
            requests: { cpu: 10m, memory: 32Mi, ephemeral-storage: 32Mi }
            limits: { memory: 128Mi }
{{- end }}
