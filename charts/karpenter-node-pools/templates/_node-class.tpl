{{- /* Bottlerocket as every pool runs it: on the cluster's subnets, encrypted, credentials out of the pods' reach. */ -}}
{{- define "karpenter-node-pools.nodeClassSpec" -}}
instanceProfile: {{ .root.Values.instanceProfile | quote }}
amiSelectorTerms:
  - alias: bottlerocket@v{{ .root.Values.bottlerocketVersion }}
subnetSelectorTerms:
  - tags:
      karpenter.sh/discovery: {{ .root.Values.clusterName | quote }}
securityGroupSelectorTerms:
  - id: {{ .root.Values.securityGroupId | quote }}
associatePublicIPAddress: false
metadataOptions:
  httpEndpoint: enabled
  httpProtocolIPv6: disabled
  httpPutResponseHopLimit: 1
  httpTokens: required
blockDeviceMappings:
  # The operating system keeps to the first volume; images, logs and what pods write are on the second.
  - deviceName: /dev/xvda
    ebs:
      volumeType: gp3
      volumeSize: 4Gi
      encrypted: true
      kmsKeyID: {{ .root.Values.keyArn | quote }}
      deleteOnTermination: true
  - deviceName: /dev/xvdb
    ebs:
      volumeType: gp3
      volumeSize: {{ .volumeSize }}
      encrypted: true
      kmsKeyID: {{ .root.Values.keyArn | quote }}
      deleteOnTermination: true
{{- with .root.Values.tags }}
tags:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- define "karpenter-node-pools.labels" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end }}
