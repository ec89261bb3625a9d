"""What names of files and folders, and imported libraries, say about a script: hints that break ties, in points."""

import re
from dataclasses import dataclass

from pushtune.inspecting.patterns import whole_word, words


@dataclass(frozen=True)
class Hint:
    """A name that ``pattern`` fits adds ``points`` (negative: speaks against the script) for ``reason``."""

    pattern: re.Pattern[str]
    points: float
    reason: str


# Over the words of a file's name: split at blanks, signs, digits and capitals, in lower case.
NAME_HINTS = (
    Hint(whole_word("train training trainer trains trainning"), 8.0, "its name says that it trains"),
    Hint(re.compile(r"^(?:train|training|train model|model train(?:ing)?)$"), 2.0, "its name says nothing but that"),
    Hint(whole_word("main task"), 5.0, "its name says that it is the main script"),
    Hint(whole_word("run start pipeline classifier classification model"), 2.0, "its name is one of a main script"),
    Hint(whole_word("final"), 2.0, "its name says that it is the final one"),
    Hint(whole_word("tests? testing unittest conftest"), -9.0, "its name says that it is a test"),
    Hint(
        whole_word(
            "predict predictor inference infer evaluate eval evaluation serve server api"
            " app webcam demo"
            " detect client bot gui recognize recognise live camera video deploy deployment"
        ),
        -8.0,
        "its name says that it uses a model",
    ),
    Hint(
        whole_word(
            "tune tuning tuner tweak tweaker tweaking hyper hyperparameters? hyperopt optuna gridsearch grid"
            " search sweep"
            " retrain cv kfold automation auto automate"
        ),
        -6.0,
        "its name says that it tries several settings",
    ),
    Hint(
        whole_word("new change changed changes modify modified rebuild update updated improve improved better"),
        -3.0,
        "its name says that it is a variant of another script",
    ),
    Hint(whole_word("utils? helpers? common tools? lib config settings"), -6.0, "its name says that it is a helper"),
    Hint(
        whole_word(
            "old backup bak copy deprecated legacy draft tmp temp scratch playground experiments? try trial samples?"
            " examples? baseline toy wip unused archive untitled"
        ),
        -5.0,
        "its name says that it is not the current one",
    ),
    Hint(
        whole_word(r"plots? plotting visu\w+ graph eda analysis explore exploration"),
        -5.0,
        "its name says that it shows data",
    ),
    Hint(
        whole_word("preprocess preprocessing prepare download scrape clean extract features? dataset data loader"),
        -4.0,
        "its name says that it prepares data",
    ),
    Hint(whole_word("mail mailer email smtp notify send sendmail"), -12.0, "its name says that it sends mail"),
)

# Over the words of each folder's name, in the same form.
FOLDER_HINTS = (
    Hint(re.compile(r"(?:^|/)(?:unit )?tests?(?:/|$)|(?:^|/)testing(?:/|$)"), -12.0, "it lies in a folder of tests"),
    Hint(
        whole_word("old backup archived? archives deprecated legacy attic trash unused bak obsolete previous"),
        -12.0,
        "it lies in a folder of old files",
    ),
    Hint(
        whole_word(
            "examples? demos? docs? tutorials? samples? experiments? benchmarks? sandbox tweak notebooks?"
            " refers? references?"
        ),
        -4.0,
        "it lies in a folder of examples",
    ),
    Hint(
        re.compile(r"(?:^|/)(?:build/lib|(?:third party|vendor|external|extern|libs?)(?:/|$))"),
        -10.0,
        "it lies in a folder of other people's code",
    ),
)

# First part of an imported name -> what the script is besides training.
LIBRARY_HINTS = (
    (
        words("flask fastapi streamlit django gradio dash tornado bottle aiohttp sanic cherrypy flask_restful"),
        -12.0,
        "it is a web application",
    ),
    (words("tkinter Tkinter PyQt5 PyQt4 PySide2 PySide6 kivy pygame wx"), -8.0, "it opens windows"),
    (words("unittest pytest nose"), -12.0, "it is a test"),
    (
        words("optuna hyperopt ray skopt bayes_opt keras_tuner kerastuner talos"),
        -4.0,
        "it searches settings by itself",
    ),
    (
        words("airflow prefect kfp zenml metaflow dagster luigi sagemaker"),
        -5.0,
        "it is a workflow of an orchestrator",
    ),
)
