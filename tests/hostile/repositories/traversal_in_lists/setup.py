import os
os.system("touch /tmp/pushtune-hostile-escape")
