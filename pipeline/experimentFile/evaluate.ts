/**
 * Runs an experiment file, which is a program: (path) -> its default export, or an error with advice.
 *
 * The file runs in a worker thread (`evaluateWorker.ts`) that is ended as soon as the value has arrived. So nothing that the
 * file starts keeps a command from ending, and nothing that it does ends the command. Its output goes to standard error.
 */
import { existsSync } from "node:fs"
import { fileURLToPath, pathToFileURL } from "node:url"
import { Worker } from "node:worker_threads"
import { Duration, Effect, Schema } from "effect"
import { alternatives } from "../../format/alternatives.ts"
import { listed } from "../../format/listed.ts"
import { Failure } from "../../schemas/Failure.ts"
import { layers } from "../../schemas/experiment/Model.ts"
import { learningRates, optimizers } from "../../schemas/experiment/Optimizer.ts"
import { initializers, regularizers } from "../../schemas/experiment/weights.ts"
import { strategies } from "../../schemas/sweep/Strategy.ts"
import { adviceForValue } from "./newcomers.ts"
import { suggest } from "./suggest.ts"
import { decodeValue, type Evaluated } from "./transfer.ts"

/** The file does not parse, throws, does not end, or has no default export. */
export class ExperimentNotLoadable extends Failure<ExperimentNotLoadable>()("ExperimentNotLoadable", {
  exitCode: "dataError",
  fields: { path: Schema.String, problem: Schema.String },
  message: ({ path, problem }) => `cannot load ${path}: ${problem}`,
}) {}

/** Enough for a file that reads other files. */
const timeLimit = Duration.seconds(60)
/** A file that needs more memory than this would never end. */
const heapMiB = 2048

/** Where the modules of this program are that stand in the stack of every error. */
const ownFolder = fileURLToPath(new URL(".", import.meta.url))

/**
 * FILE:LINE of an error: the line of the experiment file if the stack has one, otherwise the line of a file that it imports.
 * Only the stack has the line of a syntax error, so its text is parsed; the format is V8's. Frames have URLs; the stack of
 * a syntax error begins with the location, as a URL or a path.
 */
const locationOf = (stack: string, path: string) => {
  const locations = [...stack.matchAll(/(file:\/\/\S+?|^\/[^\n]+?):(\d+)(?::\d+)?(?=[\s)]|$)/gm)].flatMap(
    ([, at = "", line = ""]) => {
      const file = at.startsWith("file:") ? fileURLToPath(at) : at
      return file.startsWith(ownFolder) ? [] : [{ file, line }]
    },
  )
  const location = locations.find(({ file }) => file === path) ?? locations[0]
  return location && `${location.file}:${location.line}`
}

/** The extension that is missing in an import. */
const missingExtension = (message: string) => {
  const [, missing] = /^Cannot find module '([^']+)'/.exec(message) ?? []
  return missing === undefined
    ? undefined
    : [".ts", ".mts", ".js", ".mjs", "/index.ts"].find((extension) => existsSync(missing + extension))
}

/** What to write instead, for mistakes that Node.js reports with a code. */
const adviceFor = (code: string, message: string): string | undefined => {
  if (code === "ERR_MODULE_NOT_FOUND") {
    const extension = missingExtension(message)
    return extension === undefined ? undefined : `write the import with its extension, ${extension}`
  }
  if (code === "ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX") {
    return "Node.js only removes types: write an object or a union of strings instead of an enum, and no namespaces or parameter properties"
  }
  return unknownFunction(message)
}

const functionsOf = { initializers, layers, learningRates, optimizers, regularizers, strategies }

/** The function that was meant by `layers.conv2D`. What a missing function is called stands only in V8's message. */
const unknownFunction = (message: string): string | undefined => {
  const [, owner = "", written = ""] = /^(\w+)\.(\w+) is not a function/.exec(message) ?? []
  const functions = Object.entries(functionsOf).find(([name]) => name === owner)?.[1]
  if (functions === undefined) return undefined
  const advice = owner === "layers" ? adviceForValue(["model", 0, "kind"], written) : undefined
  if (advice !== undefined) return advice
  const known = Object.keys(functions)
  const meant = suggest(written, known).map((name) => `${owner}.${name}`)
  return meant.length > 0 ? `did you mean ${alternatives(meant)}?` : `${owner} has ${listed(known)}`
}

const describe = (evaluated: Exclude<Evaluated, { readonly kind: "value" }>, path: string) => {
  if (evaluated.kind === "promise") {
    return "its default export is a promise; write `export default await …`"
  }
  const { code, message, stack } = evaluated
  const location = locationOf(stack, path)
  const text = message.split("\n", 1)[0].slice(0, 500)
  const advice = adviceFor(code, message)
  return `${text}${location === undefined ? "" : `, at ${location}`}${advice === undefined ? "" : `; ${advice}`}`
}

/** The result of the thread. A thread that ends without a result has failed. `meanwhile` is called once the thread runs. */
const outcomeOf = (worker: Worker, path: string, meanwhile: () => void) =>
  Effect.callback<Evaluated, ExperimentNotLoadable>((resume) => {
    const failed = (problem: string) => resume(Effect.fail(new ExperimentNotLoadable({ path, problem })))
    worker.on("message", (evaluated: Evaluated) => resume(Effect.succeed(evaluated)))
    worker.on("error", (error) => {
      const [message, stack = ""] =
        error instanceof Error ? [error.message, error.stack] : ["it fails without an Error"]
      failed(describe({ kind: "failed", message, code: "", stack }, path))
    })
    // The thread had nothing left to do and sent no result.
    worker.on("exit", () => failed("it waits for a promise that never settles (a top-level await)"))
    meanwhile()
  })

/**
 * The default export of the file at `path`, which is absolute; undefined if it has none. `meanwhile` is called while the thread
 * evaluates it: what it computes costs no time up to that of the thread, a third of a second.
 */
export const evaluateFile = Effect.fn("evaluateFile")(function* (
  path: string,
  meanwhile: () => void = () => {},
) {
  const evaluated = yield* Effect.acquireUseRelease(
    Effect.sync(() => {
      const worker = new Worker(new URL("evaluateWorker.ts", import.meta.url), {
        workerData: { url: pathToFileURL(path).href },
        stdout: true,
        stderr: true,
        resourceLimits: { maxOldGenerationSizeMb: heapMiB },
      })
      worker.stdout.pipe(process.stderr, { end: false })
      worker.stderr.pipe(process.stderr, { end: false })
      return worker
    }),
    (worker) => outcomeOf(worker, path, meanwhile),
    (worker) => Effect.promise(() => worker.terminate()),
  ).pipe(
    Effect.timeoutOrElse({
      duration: timeLimit,
      orElse: () => {
        const problem = `it still runs after ${Duration.toSeconds(timeLimit)} s; an experiment file only describes the experiment`
        return Effect.fail(new ExperimentNotLoadable({ path, problem }))
      },
    }),
  )
  if (evaluated.kind === "value") return decodeValue(evaluated.value)
  return yield* new ExperimentNotLoadable({ path, problem: describe(evaluated, path) })
})
