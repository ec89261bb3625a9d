#!/bin/sh
set -e
CUDA_VISIBLE_DEVICES=0 python3 -u fit_it.py data --rate 0.1
