# Serves a queue that survives a restart. Environment: REDIS_PASSWORD. The volume is /data.
set -eu
umask 077
# The password goes in by a file: arguments can be read by every process of the machine.
printf 'dir /data\nappendonly yes\nsave ""\nrequirepass %s\n' "$REDIS_PASSWORD" > /tmp/redis.conf
unset REDIS_PASSWORD
exec redis-server /tmp/redis.conf
