"""Names of other libraries than Keras that are gone from the versions in the images: the script would stop there.

Each was looked up in NumPy 2.4, pandas 3.1, SciPy 1.17, scikit-learn 1.9 and Python 3.11.
"""

from pushtune.inspecting.entry_script import Candidate
from pushtune.inspecting.keras_generation import names_used
from pushtune.inspecting.project import Project

WARNINGS_LIMIT = 10

# Dotted name -> what to use instead; empty where nothing stands in for it.
REMOVED = {
    "sklearn.cross_validation": "sklearn.model_selection",
    "sklearn.grid_search": "sklearn.model_selection",
    "sklearn.learning_curve": "sklearn.model_selection",
    "sklearn.externals.joblib": "joblib",
    "sklearn.externals.six": "six",
    "sklearn.preprocessing.Imputer": "sklearn.impute.SimpleImputer",
    "sklearn.preprocessing.imputation": "sklearn.impute",
    "sklearn.datasets.load_boston": "sklearn.datasets.fetch_california_housing",
    "sklearn.datasets.fetch_mldata": "sklearn.datasets.fetch_openml",
    "sklearn.datasets.samples_generator": "sklearn.datasets",
    "sklearn.metrics.plot_confusion_matrix": "sklearn.metrics.ConfusionMatrixDisplay",
    "sklearn.metrics.plot_roc_curve": "sklearn.metrics.RocCurveDisplay",
    "sklearn.metrics.classification": "sklearn.metrics",
    "sklearn.ensemble.forest": "sklearn.ensemble",
    "sklearn.neighbors.base": "sklearn.neighbors",
    "sklearn.svm.classes": "sklearn.svm",
    "sklearn.mixture.GMM": "sklearn.mixture.GaussianMixture",
    "sklearn.lda": "sklearn.discriminant_analysis",
    "sklearn.qda": "sklearn.discriminant_analysis",
    "scipy.misc.imread": "imageio.v3.imread",
    "scipy.misc.imresize": "PIL.Image.resize",
    "scipy.misc.imsave": "imageio.v3.imwrite",
    "scipy.misc.toimage": "PIL.Image.fromarray",
    "scipy.misc.logsumexp": "scipy.special.logsumexp",
    "scipy.misc.comb": "scipy.special.comb",
    "scipy.ndimage.imread": "imageio.v3.imread",
    "scipy.interp": "numpy.interp",
    "scipy.stats.itemfreq": "numpy.unique",
    "scipy.integrate.simps": "scipy.integrate.simpson",
    "numpy.float": "float",
    "numpy.int": "int",
    "numpy.object": "object",
    "numpy.str": "str",
    "numpy.complex": "complex",
    "numpy.float_": "numpy.float64",
    "numpy.product": "numpy.prod",
    "numpy.alltrue": "numpy.all",
    "numpy.sometrue": "numpy.any",
    "numpy.in1d": "numpy.isin",
    "numpy.trapz": "numpy.trapezoid",
    "numpy.NaN": "numpy.nan",
    "numpy.Inf": "numpy.inf",
    "numpy.infty": "numpy.inf",
    "numpy.NINF": "-numpy.inf",
    "numpy.asscalar": "numpy.ndarray.item",
    "numpy.mat": "numpy.asmatrix",
    "numpy.round_": "numpy.round",
    "numpy.math": "math",
    "pandas.Panel": "",
    "pandas.datetime": "datetime.datetime",
    "pandas.np": "numpy",
    "pandas.io.data": "pandas_datareader",
    "pandas.io.json.json_normalize": "pandas.json_normalize",
    "pandas.tools.plotting": "pandas.plotting",
    "pandas.rolling_mean": "pandas.Series.rolling",
    "collections.Mapping": "collections.abc.Mapping",
    "collections.Iterable": "collections.abc.Iterable",
    "collections.Callable": "collections.abc.Callable",
    "time.clock": "time.perf_counter",
    "inspect.getargspec": "inspect.getfullargspec",
    "fractions.gcd": "math.gcd",
}


def find_removed_names(project: Project, candidate: Candidate) -> list[str]:
    """Return a warning for each name that starting ``candidate`` reads and that its image no longer has."""
    found: dict[str, str] = {}
    for path in dict.fromkeys(where for where, _ in candidate.reached):
        scopes = {scope for where, scope in candidate.reached if where == path}
        for dotted, line in names_used(project.script(path).facts, scopes):
            name = _removed(dotted)
            if name is not None and name not in found:
                instead = f"; it is {REMOVED[name]} now" if REMOVED[name] else ""
                found[name] = f"{path}:{line}: {name} no longer exists in the version that the image holds{instead}"
    return list(found.values())[:WARNINGS_LIMIT]


def _removed(dotted: str) -> str | None:
    """Return the longest row that ``dotted`` is, or lies below."""
    parts = dotted.split(".")
    for count in range(min(len(parts), 4), 1, -1):
        name = ".".join(part.rstrip("()[]") for part in parts[:count])
        if name in REMOVED:
            return name
    return None
