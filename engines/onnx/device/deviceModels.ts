/** A program for a device: (program) -> step, reader and prediction, or KernelNotSupported; and its initial values. */
import type * as tf from "@tensorflow/tfjs-core"
import { Effect } from "effect"
import type { Program } from "../../Engine.ts"
import { traceProgram } from "../../trace/traceProgram.ts"
import { engineName } from "../runtime.ts"
import { evaluationBatchOf } from "../Trainer.ts"
import { compileDevicePredict, compileDeviceStep } from "./compileForDevice.ts"
import type { DeviceModels, DeviceProgram } from "./DeviceTrainer.ts"

/** No weight has by chance as large a first axis. */
const improbableBatch = 997

export const deviceModels = Effect.fn("compileForDevice")(function* (program: Program) {
  const { inputShape, variables } = program
  const stepTrace = yield* traceProgram(engineName, variables, program.feeds, program.step)
  const tracePredict = (images: number) =>
    traceProgram(
      engineName,
      variables,
      [{ name: "images", shape: [images, ...inputShape] }],
      ({ images }) => ({ probabilities: program.predict(images as tf.Tensor4D) }),
    )
  const evaluationBatch = evaluationBatchOf(yield* tracePredict(improbableBatch))
  const predictTrace = yield* tracePredict(evaluationBatch)
  const step = compileDeviceStep(stepTrace)
  const models: DeviceModels = {
    ...step,
    predict: compileDevicePredict(predictTrace, step.entries),
    evaluationBatch,
  }
  return models
})

export const deviceProgram = ({ classes, inputShape, variables }: Program) =>
  Effect.promise(async (): Promise<DeviceProgram> => {
    const values = await Promise.all(variables.map((variable) => variable.data()))
    const initial = variables.map(({ name, shape }, i) => ({
      name,
      shape,
      data: Float32Array.from(values[i]),
    }))
    return { classes, inputShape, initial }
  })
