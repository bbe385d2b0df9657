/** The engines that the suites run, beside the reference. Blocks of this processor's size need its operators. */
import { Effect } from "effect"
import * as Onnx from "../../engines/onnx/Onnx.ts"
import { probeBlock } from "../../engines/onnx/probe.ts"
import { loadRuntime } from "../../engines/onnx/runtime.ts"
import { emulatedBlocked } from "./emulatedBlocked.ts"

const native = await Effect.runPromise(Effect.flatMap(loadRuntime, probeBlock))
if (native === undefined) console.warn("this processor has no blocked operators: the fast path is not tested")

export const enginesUnderTest = {
  "onnx portable": Onnx.layer({ path: "portable", threads: 1 }),
  ...(native === undefined ? {} : { [`onnx nchwc${native.block}`]: Onnx.layerWith(native, { threads: 2 }) }),
  "onnx emulated nchwc16": Onnx.layerWith(emulatedBlocked(16), { threads: 1 }),
}
