from setuptools import setup
raise SystemExit("never run")
setup(install_requires=["click>=7", "numpy"])
