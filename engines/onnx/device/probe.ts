/**
 * Whether a GPU trains a program correctly: (models, program) -> nothing, or what is wrong.
 *
 * Two real steps and a prediction run in another process: on the processor, and twice on the GPU, with fed examples and with held
 * ones. They must agree with the processor up to rounding, and with themselves to the bit. Nothing is cached: the driver, the card or what else uses it may have
 * changed. For a choice between processor and GPU (`choose.ts`), iterations are timed too.
 */
import { spawn } from "node:child_process"
import { fileURLToPath } from "node:url"
import { serialize } from "node:v8"
import { Effect, Option, Schema } from "effect"
import { OnnxGraph } from "../graph.ts"
import type { DeviceModels, DeviceProgram } from "./DeviceTrainer.ts"

export interface CompareTask {
  readonly kind: "compare"
  readonly models: DeviceModels
  readonly program: DeviceProgram
  readonly threads: number
  /** Whether iterations on the GPU are timed as well. */
  readonly isTimed: boolean
}

export type Task =
  /** Opens a session on the GPU. */
  { readonly kind: "open"; readonly model: Uint8Array } | CompareTask

// JSON has no NaN: a loss that is none is null.
const Losses = Schema.Array(Schema.NullOr(Schema.Finite))

const Answer = Schema.Union([
  Schema.Struct({ kind: Schema.Literal("opened") }),
  Schema.Struct({
    kind: Schema.Literal("compared"),
    /** Whether both times on the GPU gave the same bits: with examples that are fed, and held there. */
    isSame: Schema.Boolean,
    losses: Schema.Struct({ expected: Losses, actual: Losses }),
    /** Of what the steps moved in a variable, the largest share that differs. */
    moves: Schema.NullOr(Schema.Finite),
    /** The largest difference of a prediction. */
    predictions: Schema.NullOr(Schema.Finite),
    /** The time of an iteration on the GPU; null if it was not measured. */
    iterationMs: Schema.NullOr(Schema.Finite),
  }),
  Schema.Struct({ kind: Schema.Literal("failed"), reason: Schema.String }),
])
export type Answer = typeof Answer.Type

/** Of the first loss. Rounding stays below 1e-5; products in TensorFloat-32 would differ by 1e-3. */
const lossTolerance = 1e-4
/** Of the later losses, which follow from what the first step moved. */
const laterLossTolerance = 0.05
/**
 * Of what the steps moved (`differenceOfMoves.ts`). Of all experiments of this project at a batch of 4, on Vulkan in
 * software, the largest is 0.093. Weights that do not move at all give 1.
 */
const moveTolerance = 0.15
const predictionTolerance = 0.01

const within = (value: number | null, limit: number) => value !== null && value <= limit
const show = (value: number | null) => (value === null ? "NaN" : value.toPrecision(6))

type Compared = Extract<Answer, { readonly kind: "compared" }>

/** What is wrong with the result of a comparison. */
export const mistakeIn = (compared: Omit<Compared, "iterationMs">): string | undefined => {
  const { expected, actual } = compared.losses
  const isClose = (loss: number | null, i: number) => {
    const other = actual[i] ?? null
    if (loss === null || other === null) return false
    const tolerance = i === 0 ? lossTolerance : laterLossTolerance
    return Math.abs(loss - other) <= tolerance * Math.max(1, Math.abs(loss))
  }
  if (!compared.isSame) return "the same two steps gave different bits each time"
  if (!expected.every(isClose)) {
    return `its losses are ${actual.map(show).join(", ")}, those of the processor ${expected.map(show).join(", ")}`
  }
  if (!within(compared.moves, moveTolerance)) {
    return `its updates differ from those of the processor by ${show(compared.moves)} of their size`
  }
  if (!within(compared.predictions, predictionTolerance)) {
    return `its predictions differ from those of the processor by ${show(compared.predictions)}`
  }
  return undefined
}

const script = fileURLToPath(new URL("gpuProbeChild.ts", import.meta.url))
/** Compiling the shaders of a large network can take a minute. */
const timeoutMs = 600_000

interface Ended {
  readonly signal: string | null
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

const runChild = (task: Task) =>
  Effect.callback<Ended>((resume) => {
    const child = spawn(process.execPath, [script], { timeout: timeoutMs, killSignal: "SIGKILL" })
    const texts = { stdout: "", stderr: "" }
    for (const stream of ["stdout", "stderr"] as const) {
      child[stream].setEncoding("utf8").on("data", (text: string) => {
        texts[stream] += text
      })
    }
    child.on("error", ({ message }) =>
      resume(Effect.succeed({ ...texts, signal: null, code: null, stderr: message })),
    )
    child.on("close", (code, signal) => resume(Effect.succeed({ ...texts, signal, code })))
    // A child that has ended does not read: its exit says more than the broken pipe.
    child.stdin.on("error", () => {}).end(serialize(task))
    return Effect.sync(() => child.kill("SIGKILL"))
  })

/** ONNX Runtime puts its source file and the failed condition before what Dawn reports. */
const adapterFailure = /Failed to get a WebGPU adapter: (.+)/

const lastLine = (text: string) => text.trim().split("\n").at(-1) ?? ""

const decodeAnswer = Schema.decodeUnknownOption(Schema.fromJsonString(Answer))

/** The child's answer. A child that ended otherwise failed, for the reason that it printed last. */
const ask = Effect.fnUntraced(function* (task: Task) {
  const { code, signal, stderr, stdout } = yield* runChild(task)
  if (stderr.trim() !== "")
    yield* Effect.logDebug("the probe of the GPU printed this", { stderr: stderr.trim() })
  const answer = code === 0 ? decodeAnswer(lastLine(stdout)) : Option.none()
  if (Option.isSome(answer)) return answer.value
  const how = signal === null ? `ended with exit code ${code}` : `was ended by ${signal}`
  return { kind: "failed", reason: `the process that tried it ${how}: ${lastLine(stderr)}` } as const
})

/** Why no session can be opened on a GPU. */
export const findOpenProblem = Effect.fn("probeGpu")(function* () {
  const graph = new OnnxGraph("probe")
  graph.ops("Identity", [graph.input("x", [1])], ["y"])
  graph.output("y", [1])
  const answer = yield* ask({ kind: "open", model: graph.encode() })
  if (answer.kind !== "failed") return undefined
  return adapterFailure.exec(answer.reason)?.[1] ?? answer.reason
})

export interface ProbedProgram {
  /** Why the program cannot be trained on the GPU. */
  readonly problem: string | undefined
  /** Whether the problem is in what the GPU computed: it will be there again. */
  readonly isMistake: boolean
  /** Null if it was not measured. */
  readonly iterationMs: number | null
}

/** Compares a program on the GPU with the processor, and times it there if `isTimed`. */
export const probeProgram = Effect.fnUntraced(function* (task: Omit<CompareTask, "kind">) {
  const answer = yield* ask({ kind: "compare", ...task })
  const failed = (problem: string): ProbedProgram => ({ problem, isMistake: false, iterationMs: null })
  if (answer.kind === "failed") return failed(answer.reason)
  if (answer.kind === "opened") return failed("the process that tried it did something else")
  yield* Effect.logDebug("the GPU was compared with the processor", answer)
  const problem = mistakeIn(answer)
  const { iterationMs } = answer
  return { problem, isMistake: problem !== undefined, iterationMs } satisfies ProbedProgram as ProbedProgram
})

/** Why a program cannot be trained on the GPU. */
export const findProblem = Effect.fn("probeProgram")(function* (
  models: DeviceModels,
  program: DeviceProgram,
  threads: number,
) {
  const { problem } = yield* probeProgram({ models, program, threads, isTimed: false })
  return problem
})
