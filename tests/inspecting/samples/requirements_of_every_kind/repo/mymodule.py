import shap
