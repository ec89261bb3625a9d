# Creates the database "airflow" of the user "airflow" at the first start, then serves it.
# Environment: POSTGRES_PASSWORD. The volume is /data.
set -eu
PATH="$(ls -d /usr/lib/postgresql/*/bin | tail -n 1):$PATH"
DATABASE=/data/database

# One server per volume. The server's own lock file holds a process number, which means nothing in the next container.
exec 9> /data/lock
flock --nonblock 9 || { echo "Another container serves this volume."; exit 1; }

if [ ! -d "$DATABASE" ]; then
    # Made aside and renamed: a start that is interrupted leaves nothing that looks complete.
    rm -rf "$DATABASE.new"
    umask 077
    printf '%s' "$POSTGRES_PASSWORD" > /tmp/password
    initdb --pgdata="$DATABASE.new" --username=airflow --pwfile=/tmp/password --auth=scram-sha-256 --encoding=UTF8
    rm /tmp/password
    echo "host all all all scram-sha-256" >> "$DATABASE.new/pg_hba.conf"
    echo "CREATE DATABASE airflow" | postgres --single -D "$DATABASE.new" postgres
    mv "$DATABASE.new" "$DATABASE"
fi
rm -f "$DATABASE/postmaster.pid"
unset POSTGRES_PASSWORD
exec postgres -D "$DATABASE" -c listen_addresses='*' -c unix_socket_directories=/tmp
