import jax
import jax.numpy as jnp

def loss(w, x, y):
    return jnp.mean((x @ w - y) ** 2)

gradient = jax.grad(loss)
w = jnp.zeros(3)
for _ in range(100):
    w -= 0.1 * gradient(w, jnp.ones((4, 3)), jnp.ones(4))
