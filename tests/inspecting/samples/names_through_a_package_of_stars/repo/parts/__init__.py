from .job import *
from .net import *
