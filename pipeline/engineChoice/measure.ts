/**
 * Measures a network on the native engines in a process of its own: (experiment, threads) -> their times, or what failed.
 *
 * Never fails: if the process ends early, the engine that it had begun with is the one that failed.
 */
import { type ChildProcess, fork } from "node:child_process"
import { fileURLToPath } from "node:url"
import { Effect } from "effect"
import { type NativeEngine, nativeEngines } from "../../schemas/EngineChoice.ts"
import type { Experiment } from "../../schemas/experiment/Experiment.ts"
import { textOf } from "../../storage/codeTexts.ts"
import type { Timed } from "./timeEngines.ts"

export interface MeasureTask {
  readonly experiment: Experiment
  /** Of own code. */
  readonly texts: ReadonlyArray<string>
  readonly threads: number
}

export type MeasureReply =
  | { readonly kind: "began"; readonly engine: NativeEngine }
  | { readonly kind: "timed"; readonly engines: ReadonlyArray<Timed<NativeEngine>> }
  | { readonly kind: "failed"; readonly problem: string }

/** The first import of a library may read 300 MB from a slow disk. */
const timeLimitMs = 60_000

const failed = (begun: NativeEngine | undefined, problem: string): ReadonlyArray<Timed<NativeEngine>> =>
  (begun === undefined ? nativeEngines : [begun]).map((name) => ({ name, problem }))

const replyOf = (child: ChildProcess, task: MeasureTask) =>
  Effect.callback<ReadonlyArray<Timed<NativeEngine>>>((resume) => {
    let begun: NativeEngine | undefined
    const end = (engines: ReadonlyArray<Timed<NativeEngine>>) => {
      clearTimeout(timer)
      resume(Effect.succeed(engines))
    }
    const fail = (problem: string) => end(failed(begun, problem))
    const timer = setTimeout(() => fail(`it takes more than ${timeLimitMs / 1000} s`), timeLimitMs)
    child.on("message", (reply: MeasureReply) => {
      if (reply.kind === "began") begun = reply.engine
      else if (reply.kind === "failed") fail(reply.problem)
      else end(reply.engines)
    })
    child.on("error", ({ message }) => fail(message))
    child.on("exit", (code, signal) => fail(`its process was ended by ${signal ?? `exit code ${code}`}`))
    child.send(task)
    return Effect.sync(() => clearTimeout(timer))
  })

const start = Effect.sync(() =>
  fork(fileURLToPath(new URL("measureChild.ts", import.meta.url)), [], {
    serialization: "advanced",
    execArgv: [],
    // TensorFlow greets on standard error.
    stdio: ["ignore", "ignore", "ignore", "ipc"],
  }),
)

export const measureEngines = Effect.fn("measureEngines")(function* (
  experiment: Experiment,
  threads: number,
) {
  const texts = Object.values(experiment.code?.files ?? {}).flatMap((digest) => textOf(digest) ?? [])
  return yield* Effect.acquireUseRelease(
    start,
    (child) => replyOf(child, { experiment, texts, threads }),
    (child) => Effect.sync(() => child.removeAllListeners().kill("SIGKILL")),
  )
})
