/** A program for a device: (program) -> step, reader and prediction, or KernelNotSupported; and its initial values. */
import { Effect } from "effect"
import type { Program } from "../../Engine.ts"
import { traceProgram } from "../../trace/traceProgram.ts"
import { tracePredictions } from "../predictions.ts"
import { engineName } from "../runtime.ts"
import { compileDevicePredict, compileDeviceStep } from "./compileForDevice.ts"
import type { DeviceModels, DeviceProgram } from "./DeviceTrainer.ts"

export const deviceModels = Effect.fn("compileForDevice")(function* (program: Program) {
  const stepTrace = yield* traceProgram(engineName, program.variables, program.feeds, program.step)
  const { evaluationBatch, trace } = yield* tracePredictions(program)
  const step = compileDeviceStep(stepTrace)
  const models: DeviceModels = {
    ...step,
    predict: compileDevicePredict(trace, step.state),
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
