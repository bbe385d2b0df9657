/**
 * Who takes part: (name) -> how it is started on a job.
 */
import { cpus, tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { Effect } from "effect"
import { type Framework, install } from "./install.ts"
import type { Command } from "./Worker.ts"

interface Contender {
  /** Ours are held against the fastest of the peers; TensorFlow.js is a peer of its own kind. */
  readonly kind: "ours" | "peer" | "tensorflow.js"
  /** Left out unless asked for: slower than another form of the same. */
  readonly isExtra?: boolean
  readonly script: string
  readonly form: string
  /** Python, and which packages. Without it the script is JavaScript. */
  readonly framework?: Framework
  readonly env?: Readonly<Record<string, string>>
}

/** With modules compiled in an earlier run, as `cli/main.ts` and Python's packages have them. */
const compiledBefore = { NODE_COMPILE_CACHE: join(tmpdir(), "node-compile-cache") }
const ours = (form: string): Contender => ({
  kind: "ours",
  script: "withEngine.ts",
  form,
  env: compiledBefore,
})
const peer = (framework: Framework, form: string, more: Partial<Contender> = {}): Contender => ({
  kind: "peer",
  script: `with_${framework}.py`,
  form,
  framework,
  ...more,
})
const oneDnn = { TF_ENABLE_ONEDNN_OPTS: "1" }

export const contenders: Readonly<Record<string, Contender>> = {
  onnx: ours("onnx"),
  "onnx-portable": ours("onnx-portable"),
  tensorflow: ours("tensorflow"),
  pytorch: peer("pytorch", "channels_last"),
  "python-tensorflow": peer("tensorflow", "graph"),
  "python-tensorflow-onednn": peer("tensorflow", "graph", { env: oneDnn }),
  jax: peer("jax", "jit"),
  "tfjs-node": { kind: "tensorflow.js", script: "withTfjs.ts", form: "node" },
  "pytorch-contiguous": peer("pytorch", "contiguous", { isExtra: true }),
  "pytorch-compile": peer("pytorch", "compile", { isExtra: true }),
  "python-tensorflow-xla": peer("tensorflow", "xla", { isExtra: true }),
  tfjs: { kind: "tensorflow.js", script: "withTfjs.ts", form: "javascript", isExtra: true },
}

const path = (script: string) => fileURLToPath(new URL(script, import.meta.url))

/** On a machine with more cores a contender gets as many as it has threads: not all frameworks can be told otherwise. */
const confined = (threads: number, command: string, args: ReadonlyArray<string>) =>
  cpus().length > threads && process.platform === "linux"
    ? { command: "taskset", args: ["-c", `0-${threads - 1}`, command, ...args] }
    : { command, args }

/** Installs what it needs. Throws in one line why it cannot take part. */
export const prepare = async (
  name: string,
  threads: number,
  log: (line: string) => void,
): Promise<(folder: string) => Command> => {
  const { env = {}, form, framework, script } = contenders[name]
  const interpreter =
    framework === undefined ? process.execPath : await Effect.runPromise(install(framework, log))
  const count = String(threads)
  return (folder) => ({
    ...confined(threads, interpreter, [path(script), folder, form]),
    env: { OMP_NUM_THREADS: count, NPROC: count, PYTHONDONTWRITEBYTECODE: "1", ...env },
  })
}

/** What measures the floor. */
export const floorCommand = (threads: number): Command =>
  confined(threads, process.execPath, [path("floor.ts"), String(threads)])
