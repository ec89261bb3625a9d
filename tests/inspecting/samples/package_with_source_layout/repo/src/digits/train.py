import argparse
from digits.data import load
from digits.network import build

def train(arguments):
    x, y = load()
    model = build(arguments.units)
    model.compile("adam", "mse")
    model.fit(x, y, epochs=arguments.epochs)

def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--units", type=int, default=8)
    parser.add_argument("--epochs", type=int, required=True)
    train(parser.parse_args())

if __name__ == "__main__":
    main()
