{{- /* What the program reads: the values, and what follows from them and from the mounts. */}}
{{- define "backup.config" -}}
{{- $config := deepCopy .Values.config }}
{{- $engine := $config.database.engine }}
{{- $server := dict "engine" $engine "username" "root"
  "host" (ternary "/run/drill" "/run/drill/mysqld.sock" (eq $engine "postgresql")) }}
{{- $target := mergeOverwrite (deepCopy $config.database) (dict
  "usernameFile" "/run/secrets/moodle-backup/restore/username"
  "passwordFile" "/run/secrets/moodle-backup/restore/password") }}
{{- mergeOverwrite $config (dict
  "drill" (dict "server" $server)
  "restore" (dict "database" $target "files" $config.files)) | toJson }}
{{- end -}}
