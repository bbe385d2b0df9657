"""
PyTorch and JAX on the network of experiments/cnn.ts, on a GPU: python3 peers.py REFERENCE SECONDS (0: JAX's parity alone).

REFERENCE: what reference.ts wrote. Prints a line of JSON for each form: PyTorch eager, and compiled with CUDA graphs, with TF32 and
without; JAX with a scan. `lossDifference`: the largest difference of the first five losses.
"""
import json, os, sys, time
import numpy as np

os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")

ref, seconds = sys.argv[1], float(sys.argv[2])
meta = json.load(open(ref + ".json"))
batch, checked = meta["batch"], meta["checked"]
flat = np.fromfile(ref + ".weights", "f4")
weights, at = [], 0
for w in meta["weights"]:
    n = int(np.prod(w["shape"]))
    weights.append(flat[at : at + n].reshape(w["shape"])); at += n
images = np.fromfile(ref + ".images", "f4").reshape(checked, batch, 28, 28, 1)
labels = np.fromfile(ref + ".labels", "f4").reshape(checked, batch, 10)
RATE, B1, B2, EPS = 1e-4, 0.9, 0.999, 1e-8
rng = np.random.default_rng(0)


def report(route, size, per_second, losses, first_s):
    difference = None if losses is None else float(np.abs(np.array(losses) - np.array(meta["losses"])).max())
    print(json.dumps(dict(route=route, name=f"cnn-{size}", perSecond=round(per_second, 1), lossDifference=difference, firstS=round(first_s, 2))), flush=True)


def torch_forms():
    import torch, torch.nn.functional as F
    d = torch.device("cuda")

    def make(tf32, mode):
        torch._dynamo.reset()
        torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = tf32
        k1, b1, k2, b2, d1, c1, d2, c2 = [torch.tensor(w, device=d) for w in weights]
        ps = [k1.permute(3, 2, 0, 1).contiguous(), b1, k2.permute(3, 2, 0, 1).contiguous(), b2, d1, c1, d2, c2]
        ps = [p.clone().requires_grad_() for p in ps]
        opt = torch.optim.Adam(ps, lr=RATE, betas=(B1, B2), eps=EPS, fused=True)

        def loss_of(x, y):
            h = F.max_pool2d(F.relu(F.conv2d(x, ps[0], ps[1], padding=2)), 2)
            h = F.max_pool2d(F.relu(F.conv2d(h, ps[2], ps[3], padding=2)), 2)
            h = F.relu(h.permute(0, 2, 3, 1).reshape(x.shape[0], -1) @ ps[4] + ps[5])
            return F.cross_entropy(h @ ps[6] + ps[7], y)

        forward = torch.compile(loss_of, mode=mode, dynamic=False) if mode else loss_of

        def step(x, y):
            if mode: torch.compiler.cudagraph_mark_step_begin()
            opt.zero_grad(set_to_none=True)
            loss = forward(x, y)
            loss.backward()
            opt.step()
            return loss

        return step

    for name, tf32, mode in (("eager", False, None), ("compile-graphs", False, "reduce-overhead"), ("compile-graphs-tf32", True, "reduce-overhead")):
        for size in (batch, 10 * batch):
            try:
                began, step, losses = time.time(), make(tf32, mode), None
                if size == batch:
                    xs = [torch.tensor(x, device=d).permute(0, 3, 1, 2).contiguous() for x in images]
                    losses = [step(x, torch.tensor(y, device=d).argmax(1)).item() for x, y in zip(xs, labels)]
                xs = [torch.rand(size, 1, 28, 28, device=d) for _ in range(10)]
                ys = [torch.randint(10, (size,), device=d) for _ in range(10)]
                for i in range(10): step(xs[i], ys[i])
                torch.cuda.synchronize()
                first, count, start = time.time() - began, 0, time.time()
                while time.time() - start < seconds:
                    for i in range(50): step(xs[i % 10], ys[i % 10])
                    torch.cuda.synchronize(); count += 50
                report("torch-" + name, size, count / (time.time() - start), losses, first)
            except Exception as error:
                print("torch", name, size, repr(error)[:300], flush=True)


def jax_forms():
    import jax, jax.numpy as jnp
    from jax import lax

    def loss_of(p, x, y):
        k1, b1, k2, b2, d1, c1, d2, c2 = p
        conv = lambda x, k, b: jax.nn.relu(lax.conv_general_dilated(x, k, (1, 1), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC")) + b)
        pool = lambda x: lax.reduce_window(x, -jnp.inf, lax.max, (1, 2, 2, 1), (1, 2, 2, 1), "VALID")
        h = pool(conv(pool(conv(x, k1, b1)), k2, b2)).reshape(x.shape[0], -1)
        z = jax.nn.relu(h @ d1 + c1) @ d2 + c2
        return -jnp.mean(jnp.sum(y * jax.nn.log_softmax(z), -1))

    def step(state, xy):
        p, m, v, t = state
        loss, g = jax.value_and_grad(loss_of)(p, *xy)
        rate = RATE * jnp.sqrt(1 - B2**t) / (1 - B1**t)
        m = [B1 * a + (1 - B1) * b for a, b in zip(m, g)]
        v = [B2 * a + (1 - B2) * b * b for a, b in zip(v, g)]
        p = [w - rate * a / (jnp.sqrt(b) + EPS) for w, a, b in zip(p, m, v)]
        return (p, m, v, t + 1), loss

    fresh = lambda: ([jnp.asarray(w) for w in weights], [jnp.zeros(w.shape) for w in weights], [jnp.zeros(w.shape) for w in weights], jnp.float32(1))
    for name, precision in (("scan", "highest"), ("scan-tf32", "tensorfloat32")):
        for size in (batch, 10 * batch):
            try:
                jax.config.update("jax_default_matmul_precision", precision)
                began, losses = time.time(), None
                many = jax.jit(lambda s, xs: lax.scan(step, s, xs))
                if size == batch: losses = np.asarray(many(fresh(), (jnp.asarray(images), jnp.asarray(labels)))[1])
                if seconds == 0:
                    report("jax-" + name, size, 0, losses, time.time() - began)
                    continue
                xs = (jnp.asarray(rng.random((50, size, 28, 28, 1), "f4")), jax.nn.one_hot(jnp.asarray(rng.integers(0, 10, (50, size))), 10))
                state = jax.block_until_ready(many(fresh(), xs)[0])
                first, count, start = time.time() - began, 0, time.time()
                while time.time() - start < seconds:
                    state, ls = many(state, xs); ls.block_until_ready(); count += 50
                report("jax-" + name, size, count / (time.time() - start), losses, first)
            except Exception as error:
                print("jax", name, size, repr(error)[:300], flush=True)


# Each by itself: one that is not installed is reported.
for forms in (torch_forms, jax_forms):
    try:
        forms()
    except ImportError as error:
        print(forms.__name__, error, flush=True)
