from mxnet import autograd, gluon, nd

net = gluon.nn.Dense(1)
net.initialize()
trainer = gluon.Trainer(net.collect_params(), "sgd", {"learning_rate": 0.1})
distance = gluon.loss.L2Loss()
x, y = nd.ones((8, 3)), nd.zeros((8, 1))

for _ in range(20):
    with autograd.record():
        error = distance(net(x), y)
    error.backward()
    trainer.step(8)
