import os

with open("accuracy.txt") as stream:
    accuracy = float(stream.read())
if accuracy < 0.85:
    code = open("cnn.py").read().replace("epochs=3", "epochs=6")
    open("cnn.py", "w").write(code)
    os.system("python3 cnn.py")
