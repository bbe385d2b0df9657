/**
 * The process that times a network on the native engines: (task, as a message) -> their times, as messages.
 *
 * A process of its own, because a native library stays in memory once it is loaded, and may end the process.
 */
import { enableCompileCache } from "node:module"
import type { MeasureReply, MeasureTask } from "./measure.ts"

// A process that is not started by the command line has no compile cache. With it the imports take a third of the time.
enableCompileCache()

const send = (reply: MeasureReply) =>
  new Promise<void>((resolve, reject) =>
    process.send === undefined
      ? reject(new Error("it has no parent"))
      : process.send(reply, (error: Error | null) => (error === null ? resolve() : reject(error))),
  )

const measure = async ({ experiment, texts, threads }: MeasureTask) => {
  const Effect = await import("effect/Effect")
  const { selectEngine } = await import("../../engines/select.ts")
  const { nativeEngines } = await import("../../schemas/EngineChoice.ts")
  const { programOf } = await import("../programOf.ts")
  const { addText } = await import("../../storage/codeTexts.ts")
  const { timeEngines } = await import("./timeEngines.ts")
  for (const text of texts) addText(text)
  const contenders = nativeEngines.map((name) => ({ name, layer: selectEngine(name, { threads }) }))
  const timed = programOf(experiment).pipe(
    Effect.flatMap((program) =>
      timeEngines(contenders, program, (engine) => void send({ kind: "began", engine })),
    ),
    Effect.scoped,
  )
  return Effect.runPromise(timed)
}

process.once("disconnect", () => process.exit())
process.once("message", (task: MeasureTask) => {
  void measure(task)
    .then((engines) => send({ kind: "timed", engines }))
    .catch((error: unknown) =>
      send({ kind: "failed", problem: error instanceof Error ? error.message : String(error) }),
    )
    // Its sessions need not be released.
    .then(() => process.exit())
})
