#!/bin/bash
printf "5\n64\n" | python3 nn.py
