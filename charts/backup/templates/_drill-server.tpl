{{- /*
The server on which a drill restores: in the pod itself, without a network, gone with it. Nothing of a drill can reach
the site's own database, and no privilege on that is needed. Its data need not survive a crash.
*/}}
{{- define "backup.drillServer" -}}
{{- $engine := .Values.config.database.engine }}
{{- $image := get .Values.drill.images $engine }}
- name: database
  image: {{ printf "%s:%s" $image.repository $image.tag | quote }}
  # Runs as long as the drill does: https://kubernetes.io/docs/concepts/workloads/pods/sidecar-containers/
  restartPolicy: Always
  command:
    - /bin/sh
    - -ec
    - |
      # A server that was started anew begins anew: what the drill had done is gone with it.
      rm -rf /var/scratch/server && mkdir -p /var/scratch/tmp && export TMPDIR=/var/scratch/tmp
      {{- include (printf "backup.drillServer.%s" $engine) . | nindent 6 }}
  startupProbe:
    exec:
      command: {{ include (printf "backup.drillProbe.%s" $engine) . }}
    periodSeconds: 2
    failureThreshold: 150
  {{- include "backup.containerSecurity" . | nindent 2 }}
  resources:
    {{- toYaml .Values.drill.resources | nindent 4 }}
  volumeMounts:
    - { name: scratch, mountPath: /var/scratch }
    - { name: socket, mountPath: /run/drill }
    - { name: tmp, mountPath: /tmp }
{{- end -}}

{{- define "backup.drillServer.postgresql" -}}
initdb --pgdata=/var/scratch/server --username=root --auth=trust --encoding=UTF8 --locale=C.UTF-8 --no-sync --no-instructions
exec postgres -D /var/scratch/server -c listen_addresses= -c unix_socket_directories=/run/drill \
  -c dynamic_shared_memory_type=mmap -c fsync=off -c full_page_writes=off -c wal_level=minimal -c max_wal_senders=0 \
  -c max_wal_size=4GB -c shared_buffers=256MB -c maintenance_work_mem=256MB
{{- end -}}
{{- define "backup.drillProbe.postgresql" -}}
[pg_isready, --quiet, --host=/run/drill, --username=root]
{{- end -}}

{{- define "backup.drillServer.mysql" -}}
mysqld --no-defaults --initialize-insecure --datadir=/var/scratch/server
exec mysqld --no-defaults --datadir=/var/scratch/server --socket=/run/drill/mysqld.sock --pid-file=/run/drill/mysqld.pid \
  --skip-networking --mysqlx=OFF --skip-log-bin --secure-file-priv=NULL \
  --innodb-buffer-pool-size=512M --innodb-flush-log-at-trx-commit=0 --innodb-doublewrite=OFF --max-allowed-packet=1G
{{- end -}}
{{- define "backup.drillProbe.mysql" -}}
[mysqladmin, --no-defaults, --socket=/run/drill/mysqld.sock, --user=root, ping]
{{- end -}}

{{- define "backup.drillServer.mariadb" -}}
mariadb-install-db --no-defaults --datadir=/var/scratch/server --auth-root-authentication-method=normal --skip-test-db
exec mariadbd --no-defaults --datadir=/var/scratch/server --socket=/run/drill/mysqld.sock --pid-file=/run/drill/mysqld.pid \
  --skip-networking --skip-log-bin --character-set-server=utf8mb4 \
  --innodb-buffer-pool-size=512M --innodb-flush-log-at-trx-commit=0 --innodb-doublewrite=OFF --max-allowed-packet=1G
{{- end -}}
{{- define "backup.drillProbe.mariadb" -}}
[mariadb-admin, --no-defaults, --socket=/run/drill/mysqld.sock, --user=root, ping]
{{- end -}}
