/** The contenders: (name) -> the command that starts it on a job. */
import { cpus, tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { Effect } from "effect"
import { type Framework, install } from "./install.ts"
import type { Command } from "./Worker.ts"

interface Contender {
  /** Our engines are compared with the fastest peer. TensorFlow.js does not count as a peer: it is what they replace. */
  readonly kind: "ours" | "peer" | "tensorflow.js"
  /** Only with --contenders: slower than another form of the same framework. */
  readonly isExtra?: boolean
  readonly script: string
  readonly form: string
  /** Its Python packages. Without it the script runs on Node.js. */
  readonly framework?: Framework
  readonly env?: Readonly<Record<string, string>>
}

/** Modules are compiled in an earlier run, as those of `cli/start.mjs` and of Python's packages are. */
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

/** With more cores than threads, a contender is pinned to as many cores: not every framework has a setting for threads. */
const pinned = (threads: number, command: string, args: ReadonlyArray<string>) =>
  cpus().length > threads && process.platform === "linux"
    ? { command: "taskset", args: ["-c", `0-${threads - 1}`, command, ...args] }
    : { command, args }

/** Installs what it needs. Throws a message of one line if that fails. */
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
    ...pinned(threads, interpreter, [path(script), folder, form]),
    env: { OMP_NUM_THREADS: count, NPROC: count, PYTHONDONTWRITEBYTECODE: "1", ...env },
  })
}

/** The process that measures the floor. */
export const floorCommand = (threads: number): Command =>
  pinned(threads, process.execPath, [path("floor.ts"), String(threads)])
