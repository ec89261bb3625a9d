import argparse
import importlib

import numpy as np

parser = argparse.ArgumentParser()
parser.add_argument("--net", default="small")
options = parser.parse_args()

network = importlib.import_module("nets.{}".format(options.net))
network.teach(np.random.rand(32, 28, 28, 1), np.random.randint(0, 10, 32))
