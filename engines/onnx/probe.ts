/**
 * The size of ONNX Runtime's channel blocks on this processor: () -> blocked operators, or undefined if there are none.
 *
 * Two pixels of 16 channels are reordered. The new index of the second pixel's first channel is the block size: 8 or 16.
 */
import { Effect } from "effect"
import { nativeBlocked } from "./lowering/blocked.ts"
import { OnnxGraph } from "./graph.ts"
import { openSession, type Ort } from "./runtime.ts"

export const probeBlock = Effect.fnUntraced(
  function* (ort: Ort) {
    const graph = new OnnxGraph("probe")
    const x = graph.input("x", [1, 16, 1, 2])
    graph.ops("ReorderInput", [x], ["y"], {}, "com.microsoft.nchwc")
    graph.output("y", [1, 16, 1, 2])
    const session = yield* openSession(ort, graph.encode(), 1)
    // Channel c of pixel p is 2·c + p: the second pixel's first channel is 1.
    const values = Float32Array.from({ length: 32 }, (_, i) => i)
    const feeds = { x: new ort.Tensor("float32", values, [1, 16, 1, 2]) }
    const { y } = yield* Effect.tryPromise(() => session.run(feeds))
    const block = (y.data as Float32Array).indexOf(1)
    return block === 8 || block === 16 ? nativeBlocked(block) : undefined
  },
  Effect.scoped,
  Effect.orElseSucceed(() => undefined),
)
