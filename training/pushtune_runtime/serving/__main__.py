"""``python -m pushtune_runtime.serving MODEL_FOLDER SOCKET ORDER``: answers predictions of a saved model.

The socket appears once the model is loaded and has predicted for the first time. A model that cannot be served leaves
the reason beside where the socket would be.
"""

import json
import sys
from pathlib import Path
from typing import List

from pushtune_contract.exit_codes import ExitCode
from pushtune_contract.serving import ServingOrder, write_refusal
from pushtune_contract.validation import build
from pushtune_runtime import environment


def main(arguments: List[str]) -> int:
    """Serve until the process is ended; return an exit code where the model cannot be served."""
    model_folder, socket, order_text = Path(arguments[0]), Path(arguments[1]), arguments[2]
    order = build(ServingOrder, json.loads(order_text))
    environment.prepare(order.threads, Path("/nonexistent"))
    # Only now: what they import reads the environment.
    from pushtune_runtime.serving.http_server import listen
    from pushtune_runtime.serving.model_loading import load
    from pushtune_runtime.serving.refused import Refused

    try:
        model = load(model_folder)
    except Refused as refused:
        sys.stderr.write(f"{refused.refusal}\n")
        write_refusal(socket.parent, refused.refusal)
        return int(ExitCode.SCRIPT_ERROR)
    listen(socket, model, order)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
