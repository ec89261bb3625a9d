from fastapi import FastAPI
from trainer import train_model

api = FastAPI()

@api.post("/train")
def start():
    train_model()
    return {"status": "done"}
