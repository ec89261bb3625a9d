"""Where things lie, as seen by both sides: the folder of one trial and the mounts of its container."""

CONTRACT_VERSION = 1

# Files and folders inside the folder of one trial.
REQUEST_FILE = "request.json"
PROGRESS_FILE = "progress.jsonl"
HEARTBEAT_FILE = "heartbeat.json"
STOP_FILE = "stop"
RESULT_FILE = "result.json"
CHECKPOINT_FOLDER = "checkpoint"
MODEL_FOLDER = "model"
OUTPUT_FOLDER = "output"

# Absolute paths inside a training container.
TRIAL_MOUNT = "/pushtune/trial"
CODE_MOUNT = "/pushtune/code"
DATASETS_MOUNT = "/pushtune/datasets"
DATA_MOUNT = "/pushtune/data"
RUNTIME_PATH = "/opt/pushtune/training"
