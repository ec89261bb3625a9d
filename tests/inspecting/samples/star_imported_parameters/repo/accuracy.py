from churn_ann import *
print(accuracy)
