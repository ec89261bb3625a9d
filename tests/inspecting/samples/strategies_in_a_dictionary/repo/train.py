import sys

from learners.plain import Plain
from learners.looped import Looped

LEARNERS = {"plain": Plain, "looped": Looped}

if __name__ == "__main__":
    learner = LEARNERS[sys.argv[1] if len(sys.argv) > 1 else "plain"](5)
    learner.learn()
