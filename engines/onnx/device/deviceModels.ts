/** A program for a device: (program) -> step, reader and prediction, or KernelNotSupported; and its initial values. */
import { Effect } from "effect"
import type { Program } from "../../Engine.ts"
import { traceProgram } from "../../trace/traceProgram.ts"
import { tracePredictions } from "../predictions.ts"
import { engineName, initialState } from "../runtime.ts"
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

export const deviceProgram = (program: Program): Effect.Effect<DeviceProgram> => {
  const { classes, inputShape } = program
  return Effect.map(initialState(program), (initial) => ({ classes, inputShape, initial }))
}
