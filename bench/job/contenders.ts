/** The contenders of the whole job: (name) -> the command that trains and tests a network, and how its result is read. */
import { cpus } from "node:os"
import { fileURLToPath } from "node:url"
import { Effect } from "effect"
import { type Framework, install } from "../peers/install.ts"

/** One job: what is trained, with which data and where its files go. */
export interface Job {
  readonly network: string
  readonly iterations: number
  readonly seed: number
  /** The folder of MNIST's files. */
  readonly mnist: string
  /** The folder that has it. */
  readonly dataDir: string
  readonly runsDir: string
  readonly threads: number
}

/** `error`: the error rate of the test. */
export interface Outcome {
  readonly error: number
  readonly versions: Readonly<Record<string, string>>
}

export interface Contender {
  readonly isOurs: boolean
  /** Only with --contenders. */
  readonly isExtra?: boolean
  readonly framework?: Framework
  readonly env?: Readonly<Record<string, string>>
  /** `interpreter`: of the framework. */
  readonly words: (job: Job, interpreter: string) => ReadonlyArray<string>
  readonly outcome: (json: Readonly<Record<string, unknown>>) => Outcome
}

const path = (file: string) => fileURLToPath(new URL(file, import.meta.url))

const ours = (engine: string): Contender => ({
  isOurs: true,
  words: ({ dataDir, iterations, network, runsDir, seed, threads }) => {
    const flags = {
      engine,
      iterations: String(iterations),
      seed: String(seed),
      threads: String(threads),
      "runs-dir": runsDir,
      "data-dir": dataDir,
    }
    const given = Object.entries(flags).flatMap(([flag, value]) => [`--${flag}`, value])
    const experiment = path(`../../experiments/${network}.ts`)
    return [process.execPath, path("../../cli/start.mjs"), "run", experiment, ...given, "--json"]
  },
  outcome: (report) => {
    const { error } = report.test as { readonly error: { readonly value: number } }
    return { error: error.value, versions: {} }
  },
})

const python = (
  framework: Framework,
  script: string,
  more: Partial<Contender> = {},
  ...form: ReadonlyArray<string>
): Contender => ({
  isOurs: false,
  framework,
  words: ({ iterations, mnist, network, seed, threads }, interpreter) => {
    const numbers = [iterations, seed].map(String)
    return [interpreter, path(script), network, ...numbers, mnist, String(threads), ...form]
  },
  outcome: ({ error, versions }) => ({
    error: Number(error),
    versions: versions as Outcome["versions"],
  }),
  ...more,
})

export const contenders: Readonly<Record<string, Contender>> = {
  onnx: ours("onnx"),
  tensorflow: ours("tensorflow"),
  auto: { ...ours("auto"), isExtra: true },
  pytorch: python("pytorch", "pytorch_job.py"),
  keras: python("tensorflow", "keras_job.py", { env: { TF_ENABLE_ONEDNN_OPTS: "1" } }),
  "keras-graph": python(
    "tensorflow",
    "keras_job.py",
    { isExtra: true, env: { TF_ENABLE_ONEDNN_OPTS: "1" } },
    "graph",
  ),
  "keras-as-shipped": python("tensorflow", "keras_job.py", { isExtra: true }),
}

/** With more cores than threads, a contender is pinned to as many cores: not every framework has a setting for threads. */
const pinned = (threads: number, words: ReadonlyArray<string>) =>
  cpus().length > threads && process.platform === "linux"
    ? ["taskset", "-c", `0-${threads - 1}`, ...words]
    : words

/** Installs what it needs, and returns the command of a job. Throws a message of one line if that fails. */
export const prepare = async (name: string, log: (line: string) => void) => {
  const { env = {}, framework, words } = contenders[name]
  const interpreter = framework === undefined ? "" : await Effect.runPromise(install(framework, log))
  return (job: Job) => {
    const threads = String(job.threads)
    const [command, ...args] = pinned(job.threads, words(job, interpreter))
    return {
      command,
      args,
      env: { ...process.env, OMP_NUM_THREADS: threads, PYTHONDONTWRITEBYTECODE: "1", ...env },
    }
  }
}
