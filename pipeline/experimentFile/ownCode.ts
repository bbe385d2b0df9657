/**
 * The own code of an experiment, checked before a run exists: (decoded experiment, path of its file, sizes of its images) -> the
 * experiment with the identity of its code, and the shapes of its layers.
 *
 * Own code is the user's program, so it first runs in a process (`ownCodeChild.ts`) with limits of time and memory: it is loaded,
 * its options are decoded, its layers are traced, and every function is called twice to compare bits.
 */
import { type ChildProcess, fork } from "node:child_process"
import { existsSync, realpathSync } from "node:fs"
import { dirname } from "node:path"
import { fileURLToPath } from "node:url"
import { Context, Duration, Effect } from "effect"
import { size } from "../../format/size.ts"
import type { Experiment } from "../../schemas/experiment/Experiment.ts"
import { ModelShapeMismatch } from "../../schemas/experiment/ModelShapeMismatch.ts"
import type { LayerShape } from "../../schemas/experiment/shapes.ts"
import { notAFile } from "../../schemas/Run.ts"
import { OwnCodeFailed, titlesOf } from "../../stages/code/load.ts"
import { MachineMemory } from "../../stages/model/memory.ts"
import { textOf } from "../../storage/codeTexts.ts"
import { usesOf } from "../../stages/code/uses.ts"
import { identify, type Scanned } from "./identify.ts"

/** What the process is given. */
export interface OwnCodeTask {
  /** The folder of the experiment file. */
  readonly folder: string
  readonly experiment: Experiment
  readonly imageShape: readonly [number, number, number]
  readonly classes: number
  /** The texts of the files, by path, if the experiment already names them. */
  readonly texts: Readonly<Record<string, string>> | undefined
  readonly mostMemoryBytes: number
}

type Misfit = Omit<ConstructorParameters<typeof ModelShapeMismatch>[0], "_tag">

export type OwnCodeReply =
  | {
      readonly kind: "checked"
      readonly scanned: Scanned | undefined
      readonly layers: ReadonlyArray<LayerShape>
    }
  | { readonly kind: "failed"; readonly what: string; readonly problem: string }
  | { readonly kind: "misfit"; readonly misfit: Misfit }

/** How long own code may take to be checked. */
export const OwnCodeTimeLimit = Context.Reference<Duration.Duration>("tidemark/pipeline/OwnCodeTimeLimit", {
  defaultValue: () => Duration.seconds(60),
})
/** What its process may hold, arrays of numbers included; less on a small machine. */
const mostBytes = 4 * 2 ** 30

/** The reply of the process, or what it did instead. */
const replyOf = (child: ChildProcess, task: OwnCodeTask, what: string) =>
  Effect.callback<OwnCodeReply, OwnCodeFailed>((resume) => {
    const failed = (problem: string) => resume(Effect.fail(new OwnCodeFailed({ what, problem })))
    child.on("message", (reply) => resume(Effect.succeed(reply as OwnCodeReply)))
    child.on("error", ({ message }) => failed(message))
    child.on("exit", (_, signal) =>
      failed(
        signal === null
          ? "it ends its process, or waits for a promise that never settles"
          : `it needs more than ${size(task.mostMemoryBytes)} of memory to be checked`,
      ),
    )
    child.send(task)
  })

const startChild = Effect.sync(() => {
  const child = fork(fileURLToPath(new URL("ownCodeChild.ts", import.meta.url)), [], {
    serialization: "advanced",
    execArgv: [`--max-old-space-size=${mostBytes / 2 ** 20}`],
    // V8 prints pages about a process that it gives up; the error is one line.
    stdio: ["ignore", "pipe", "ignore", "ipc"],
  })
  child.stdout?.pipe(process.stderr, { end: false })
  return child
})

const runTask = Effect.fn("checkOwnCode")(function* (task: OwnCodeTask, what: string) {
  const limit = yield* OwnCodeTimeLimit
  return yield* Effect.acquireUseRelease(
    startChild,
    (child) => replyOf(child, task, what),
    (child) => Effect.sync(() => child.removeAllListeners().kill("SIGKILL")),
  ).pipe(
    Effect.timeoutOrElse({
      duration: limit,
      orElse: () => {
        const problem = `it still runs after ${Duration.toSeconds(limit)} s; a function must return`
        return Effect.fail(new OwnCodeFailed({ what, problem }))
      },
    }),
  )
})

/** Undefined for an experiment without own code. `path`: its file. */
export const checkOwnCode = Effect.fnUntraced(function* (
  experiment: Experiment,
  path: string,
  { classes, imageShape }: Pick<OwnCodeTask, "classes" | "imageShape">,
) {
  const uses = usesOf(experiment)
  if (uses.length === 0) return undefined
  const what = titlesOf(uses)
  const { code } = experiment
  const texts =
    code &&
    Object.fromEntries(Object.entries(code.files).map(([name, digest]) => [name, textOf(digest) ?? ""]))
  // As Node.js resolves the imports of a file that is a link.
  const folder = path === notAFile || !existsSync(path) ? process.cwd() : dirname(realpathSync(path))
  const mostMemoryBytes = Math.min(mostBytes, (yield* MachineMemory) / 2)
  const reply = yield* runTask({ folder, experiment, imageShape, classes, texts, mostMemoryBytes }, what)
  if (reply.kind === "failed") return yield* new OwnCodeFailed(reply)
  if (reply.kind === "misfit") return yield* new ModelShapeMismatch(reply.misfit)
  const { layers, scanned } = reply
  if (scanned === undefined) return { experiment, layers }
  return { experiment: identify(experiment, scanned), layers }
})
