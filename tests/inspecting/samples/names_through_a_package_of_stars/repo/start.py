from parts import *

job = Job()
(job
    .prepare()
    .learn()
    .report())
