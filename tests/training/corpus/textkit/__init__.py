from .models import make_model
