/**
 * The whole job, from the command to the tested model: our engines, a PyTorch script and a Keras script, on the same recipe and
 * the same files.
 *
 *   pnpm bench:job [--networks cnn-fast,cnn,mlp] [--rounds 3] [--contenders onnx,tensorflow,pytorch,keras] [--threads 2]
 *                  [--seed 0] [--warm-up 20] [--data-dir data] [--json FILE]
 *
 * Every round starts each contender once, and begins with another one, so that other load affects all of them. The first round
 * has the seed --seed, and each further one the next. Before the first round each makes --warm-up iterations (0: none), so that
 * its libraries are in the page cache.
 */
import { execFile } from "node:child_process"
import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { cpus, loadavg, release, tmpdir, totalmem } from "node:os"
import { join, resolve } from "node:path"
import { parseArgs, promisify } from "node:util"
import { listed, usual, wholeNumber } from "../options.ts"
import { type Quartiles, quartiles } from "../quartiles.ts"
import { contenders, type Job, type Outcome, prepare } from "./contenders.ts"

/** Iterations of each network: those of its recipe, except for `cnn`, whose 20,000 take too long. */
const iterationsOf: Readonly<Record<string, number>> = { "cnn-fast": 1650, cnn: 500, mlp: 1100 }

const { values: options } = parseArgs({
  options: {
    networks: { type: "string", default: Object.keys(iterationsOf).join() },
    rounds: { type: "string", default: "3" },
    contenders: { type: "string", default: usual(contenders) },
    threads: { type: "string", default: "2" },
    seed: { type: "string", default: "0" },
    "warm-up": { type: "string", default: "20" },
    "data-dir": { type: "string", default: "data" },
    json: { type: "string" },
  },
})

const [rounds, threads] = [
  wholeNumber("rounds", options.rounds, 1),
  wholeNumber("threads", options.threads, 1),
]
const [firstSeed, warmUp] = [
  wholeNumber("seed", options.seed, 0),
  wholeNumber("warm-up", options["warm-up"], 0),
]
const networks = listed("networks", options.networks, iterationsOf)
const names = listed("contenders", options.contenders, contenders)

const log = (line: string) => console.error(line)
const run = promisify(execFile)
type Command = Awaited<ReturnType<typeof prepare>>

/** Starts it and waits for its end. The result is the last line of the output of a script, or all of that of our command. */
const measure = async (name: string, commandOf: Command, job: Job) => {
  const { args, command, env } = commandOf(job)
  const startedAt = performance.now()
  const { stdout } = await run(command, args, { env, maxBuffer: 2 ** 26 })
  const seconds = (performance.now() - startedAt) / 1000
  const text = contenders[name].isOurs ? stdout : (stdout.trim().split("\n").at(-1) ?? "")
  return { seconds, ...contenders[name].outcome(JSON.parse(text)) }
}

interface Row {
  readonly contender: string
  readonly seconds: Quartiles
  /** In the order of the rounds. */
  readonly all: ReadonlyArray<number>
  readonly errors: ReadonlyArray<number>
}

const shown = (seconds: number) => seconds.toFixed(1)
const spread = ({ lower, median, upper }: Quartiles) =>
  `${shown(median)} (${shown(lower)}–${shown(upper)})`.padEnd(20)
const percentages = (errors: ReadonlyArray<number>) =>
  errors.map((error) => (100 * error).toFixed(2)).join(", ")

/** Of each peer, its time divided by that of a contender of ours. */
const ratios = (row: Row, rows: ReadonlyArray<Row>) =>
  contenders[row.contender].isOurs
    ? rows
        .filter(({ contender }) => !contenders[contender].isOurs)
        .map(({ contender, seconds }) => `${contender} ${(seconds.median / row.seconds.median).toFixed(2)}`)
        .join(", ")
    : ""

const print = (network: string, rows: ReadonlyArray<Row>, load: ReadonlyArray<number>) => {
  console.log(
    `\n${network}, ${iterationsOf[network]} iterations: seconds of the whole job, median (quartiles); load ${load.map((each) => each.toFixed(1)).join(" to ")}`,
  )
  for (const row of rows.toSorted((a, b) => a.seconds.median - b.seconds.median)) {
    const times = ratios(row, rows)
    console.log(
      `  ${row.contender.padEnd(18)}${spread(row.seconds)}test error ${percentages(row.errors)} %${times === "" ? "" : `; times of it: ${times}`}`,
    )
  }
}

const commands = new Map<string, Command>()
for (const name of names) {
  try {
    commands.set(name, await prepare(name, log))
  } catch (error) {
    process.exitCode = 1
    log(`error: ${name} is skipped: ${error instanceof Error ? error.message : String(error)}`)
  }
}
const machine = {
  processor: cpus()[0].model.trim(),
  cores: cpus().length,
  memoryGiB: Math.round(totalmem() / 2 ** 30),
  kernel: release(),
  node: process.version,
  threads,
}
console.log(
  `${machine.processor}, ${machine.cores} cores, ${machine.memoryGiB} GiB, Linux ${machine.kernel}, Node.js ${machine.node}, ${threads} threads each`,
)

const scratch = await mkdtemp(join(tmpdir(), "tidemark-job-"))
const dataDir = resolve(options["data-dir"])
const versions: Record<string, Outcome["versions"]> = {}
const results: Array<{ readonly network: string; readonly rows: ReadonlyArray<Row> }> = []
try {
  const jobOf = (network: string, iterations: number, seed: number): Job => ({
    network,
    iterations,
    seed,
    threads,
    dataDir,
    mnist: join(dataDir, "mnist"),
    runsDir: join(scratch, "runs"),
  })
  // Ours come first, because the other ones read the files that they fetch.
  const ordered = [...commands].toSorted(
    ([a], [b]) => Number(contenders[b].isOurs) - Number(contenders[a].isOurs),
  )
  for (const network of networks) {
    for (const [name, command] of warmUp === 0 ? [] : ordered) {
      log(`${network}: warming up ${name}`)
      await measure(name, command, jobOf(network, warmUp, 0))
    }
    const measured = new Map(ordered.map(([name]) => [name, [] as Array<Outcome & { seconds: number }>]))
    const before = loadavg()[0]
    for (let round = 0; round < rounds; round++) {
      for (let i = 0; i < ordered.length; i++) {
        const [name, command] = ordered[(i + round) % ordered.length]
        const result = await measure(name, command, jobOf(network, iterationsOf[network], firstSeed + round))
        versions[name] = result.versions
        measured.get(name)?.push(result)
        log(`${network}: round ${round + 1}, ${name}: ${shown(result.seconds)} s`)
      }
      await rm(join(scratch, "runs"), { recursive: true, force: true })
    }
    const rows = [...measured].map(([contender, runs]) => ({
      contender,
      seconds: quartiles(runs.map(({ seconds }) => seconds)),
      all: runs.map(({ seconds }) => seconds),
      errors: runs.map(({ error }) => error),
    }))
    print(network, rows, [before, loadavg()[0]])
    results.push({ network, rows })
  }
} finally {
  await rm(scratch, { recursive: true, force: true })
}
for (const [name, libraries] of Object.entries(versions)) {
  if (Object.keys(libraries).length > 0) {
    console.log(
      `${name}: ${Object.entries(libraries)
        .map((each) => each.join(" "))
        .join(", ")}`,
    )
  }
}
if (options.json !== undefined) {
  await writeFile(options.json, `${JSON.stringify({ machine, versions, results }, undefined, 2)}\n`)
}
