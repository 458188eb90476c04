#!/bin/sh
# Run once by PostgreSQL's image, in a new database server: Moodle's database belongs to a role that owns nothing else,
# and a role for backups reads it.
set -eu
username=$(cat /run/secrets/database-username)
password=$(cat /run/secrets/database-password)
backup_password=$(cat /run/secrets/database-backup-password)
psql --no-psqlrc --set=ON_ERROR_STOP=1 --username="$POSTGRES_USER" --dbname=postgres << SQL
CREATE ROLE $username LOGIN PASSWORD '$password';
CREATE DATABASE moodle OWNER $username;
CREATE ROLE backup LOGIN PASSWORD '$backup_password' IN ROLE pg_read_all_data;
SQL
