from engine.worker import Worker

worker = Worker(units=4)
worker.prepare()
worker.learn()
