from training import fit_model
from report import write

if __name__ == "__main__":
    write(fit_model())
