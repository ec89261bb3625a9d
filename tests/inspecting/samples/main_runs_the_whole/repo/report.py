def write(history):
    print(history.history)
