/**
 * The engines that the suites test, besides the reference. Blocks of this processor's size need its operators, and tensorflow
 * must be installed.
 */
import { Effect, Result } from "effect"
import * as Onnx from "../../engines/onnx/Onnx.ts"
import * as Device from "../../engines/onnx/device/Device.ts"
import { probeBlock } from "../../engines/onnx/probe.ts"
import { loadRuntime } from "../../engines/onnx/runtime.ts"
import { findAvailable } from "../../engines/tensorflow/runtime.ts"
import * as TensorFlow from "../../engines/tensorflow/TensorFlow.ts"
import { emulatedBlocked } from "./emulatedBlocked.ts"

const native = await Effect.runPromise(Effect.flatMap(loadRuntime, probeBlock))
if (native === undefined) console.warn("this processor has no blocked operators: the fast path is not tested")

/** The same for all tests of a process. */
export const tensorflowThreads = 2
const tensorflow = await Effect.runPromise(Effect.result(findAvailable(tensorflowThreads)))
export const hasTensorflow = Result.isSuccess(tensorflow)
if (Result.isFailure(tensorflow)) console.warn(`tensorflow is not tested: ${tensorflow.failure.found}`)

export const enginesUnderTest = {
  "onnx portable": Onnx.layer({ path: "portable", threads: 1 }),
  ...(native === undefined ? {} : { [`onnx nchwc${native.block}`]: Onnx.layerWith(native, { threads: 2 }) }),
  "onnx emulated nchwc16": Onnx.layerWith(emulatedBlocked(16), { threads: 1 }),
  "onnx for a device": Device.layerOnProcessor({ threads: 2 }),
  ...(hasTensorflow ? { tensorflow: TensorFlow.layer({ threads: tensorflowThreads }) } : {}),
}
