/**
 * The process that checks own code: (task, as a message) -> its files and the shapes of the layers, or what is wrong.
 *
 * The files are scanned, then loaded from their texts exactly as a run loads them. Whatever they leave behind ends with this
 * process. A thread of its own ends it with SIGKILL when it needs too much memory, or when its parent is gone: own code that
 * never returns reads no message.
 */
import { Worker } from "node:worker_threads"
import { Effect, Result } from "effect"
import { ModelShapeMismatch } from "../../schemas/experiment/ModelShapeMismatch.ts"
import { inferShapes } from "../../schemas/experiment/shapes.ts"
import { checkFunctions } from "../../stages/code/check.ts"
import { describeThrown, loadFunctions, OwnCodeFailed, titlesOf } from "../../stages/code/load.ts"
import { guardPurity } from "../../stages/code/purity.ts"
import { addText } from "../../storage/codeTexts.ts"
import { usesOf } from "../../stages/code/uses.ts"
import { checkStep } from "../../stages/model/checkStep.ts"
import { ownShapes } from "../../stages/model/ownShapes.ts"
import { identify } from "./identify.ts"
import type { OwnCodeReply, OwnCodeTask } from "./ownCode.ts"
import { scanOwnCode } from "./scanOwnCode.ts"
import { loadUserModules } from "./userModules.ts"

/** Plain JavaScript, because it is started from its text. */
const watchdog = `
  const { workerData } = require("node:worker_threads")
  const parent = process.ppid
  setInterval(() => {
    const isAlone = process.ppid !== parent
    if (isAlone || process.memoryUsage.rss() > workerData) process.kill(process.pid, "SIGKILL")
  }, 50)
`

/** The experiment with the keys and digests of its files, and their texts in this process. */
const identified = async (task: OwnCodeTask) => {
  const { experiment, texts } = task
  if (texts !== undefined) {
    for (const text of Object.values(texts)) addText(text)
    return { experiment, scanned: undefined }
  }
  const modules = [...new Set(usesOf(experiment).map(({ reference }) => reference.module))]
  const scanned = await scanOwnCode(task.folder, modules)
  return { experiment: identify(experiment, scanned), scanned }
}

const check = async (task: OwnCodeTask): Promise<OwnCodeReply> => {
  const { experiment, scanned } = await identified(task)
  const { classes, imageShape } = task
  guardPurity()
  const functions = await Effect.runPromise(loadFunctions(experiment.code, usesOf(experiment)))
  let failure: OwnCodeFailed | undefined
  const own = ownShapes(functions, (error) => (failure ??= error))
  const layers = inferShapes(experiment.model, imageShape, classes, own)
  if (failure !== undefined) throw failure
  if (Result.isFailure(layers)) throw layers.failure
  checkFunctions(experiment, functions, { imageShape, classes })
  await Effect.runPromise(checkStep(experiment, { imageShape, classes }))
  return { kind: "checked", scanned, layers: layers.success }
}

const replyTo = (thrown: unknown, task: OwnCodeTask): OwnCodeReply => {
  if (thrown instanceof OwnCodeFailed) return { kind: "failed", what: thrown.what, problem: thrown.problem }
  if (thrown instanceof ModelShapeMismatch) {
    const { advice, expected, found, layer, others } = thrown
    return {
      kind: "misfit",
      misfit: { advice, expected, found, layer, ...(others === undefined ? {} : { others }) },
    }
  }
  const what = titlesOf(usesOf(task.experiment))
  return { kind: "failed", what, problem: describeThrown(thrown) }
}

process.once("message", (task: OwnCodeTask) => {
  const dog = new Worker(watchdog, { eval: true, workerData: task.mostMemoryBytes })
  dog.unref()
  loadUserModules()
  void check(task)
    .catch((thrown: unknown) => replyTo(thrown, task))
    .then((reply) => process.send?.(reply, () => process.exit()))
})
