/**
 * The scratch folder in which the commands of a document run: links to the checkout, experiments, images, and the runs
 * that earlier commands made. Nothing is written outside it.
 */
import { spawn } from "node:child_process"
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import sharp from "sharp"
import type { Ended } from "../fixtures/cli.ts"
import { runCommand } from "../fixtures/command.ts"
import { digitAt } from "../fixtures/mnistTest.ts"
import { paperScene, photograph } from "../fixtures/photograph.ts"
import packageJson from "../../package.json" with { type: "json" }
import { withSmallBudget } from "./budgets.ts"
import { root } from "./markdown.ts"
import { pipelineWords } from "./shell.ts"
import { writeOwnData, writeStandIns } from "./standIns.ts"

/** The checkout's experiments, or small ones under their names. */
export type Experiments = "real" | "stand-ins"

export interface Project {
  readonly folder: string
  /** Runs one line by the rules of README.md. */
  readonly run: (line: string) => Promise<Ended>
  readonly write: (path: string, text: string) => void
  readonly remove: () => void
}

const linked = [
  "api",
  "cli",
  "engines",
  "format",
  "inspect",
  "node_modules",
  "operations",
  "package.json",
  "pipeline",
  "schemas",
  "stages",
  "storage",
  "test",
  "tsconfig.json",
  "views",
]

const writeImages = async (folder: string) => {
  mkdirSync(join(folder, "scans"))
  for (const [index, path] of ["photo.jpg", "scans/first.jpg", "scans/second.jpg"].entries()) {
    writeFileSync(join(folder, path), await photograph(digitAt(index).pixels, paperScene, index))
  }
  const raw = { width: 28, height: 28, channels: 1 } as const
  writeFileSync(join(folder, "digit.png"), await sharp(digitAt(3).pixels, { raw }).png().toBuffer())
}

const linkCheckout = async (folder: string, experiments: Experiments) => {
  for (const name of linked) symlinkSync(join(root, name), join(folder, name))
  mkdirSync(join(folder, "experiments"))
  // Own code is copied: blocks of the documents are written beside it.
  cpSync(join(root, "experiments/own"), join(folder, "experiments/own"), { recursive: true })
  await writeStandIns(folder, experiments)
  if (experiments === "real") writeOwnData(join(folder, "my-data"))
  for (const name of readdirSync(join(root, "experiments"))) {
    const path = join(folder, "experiments", name)
    if (name.endsWith(".ts") && !existsSync(path)) symlinkSync(join(root, "experiments", name), path)
  }
}

export const makeProject = async (experiments: Experiments): Promise<Project> => {
  const folder = mkdtempSync(join(tmpdir(), "tidemark-docs-"))
  await linkCheckout(folder, experiments)
  await writeImages(folder)
  return projectIn(folder)
}

/** A copy with the runs made so far. */
export const copyProject = (from: Project): Project => {
  const folder = mkdtempSync(join(tmpdir(), "tidemark-docs-"))
  cpSync(from.folder, folder, { recursive: true, verbatimSymlinks: true })
  return projectIn(folder)
}

const projectIn = (folder: string): Project => {
  const ids = new Map<string, string>()
  /** An id of a document -> that of a run: the oldest one that no other id of the document stands for. */
  const runFor = (id: string) => {
    const runs = readdirSync(join(folder, "runs")).filter((name) => /^\d{8}T/.test(name))
    const run = ids.get(id) ?? runs.sort()[ids.size]
    if (run === undefined) throw new Error(`the project has no run for the id ${id}`)
    ids.set(id, run)
    return run
  }
  const withIds = (line: string) => line.replace(/\b2026\d{4}T\d+\b/g, runFor)
  const run = (line: string): Promise<Ended> => {
    const concrete = withIds(line)
    const words = pipelineWords(concrete)
    if (words === undefined) return runInBash(folder, concrete)
    const small = withSmallBudget(words)
    return waits(small) ? startAndStop(folder, small) : inFolder(folder, () => runCommand(...small))
  }
  return {
    folder,
    run,
    write: (path, text) => {
      mkdirSync(dirname(join(folder, path)), { recursive: true })
      writeFileSync(join(folder, path), text)
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}

const inFolder = async <A>(folder: string, run: () => Promise<A>): Promise<A> => {
  const before = process.cwd()
  process.chdir(folder)
  try {
    return await run()
  } finally {
    process.chdir(before)
  }
}

/** A schedule without --now or --print-… ends only when it is stopped. */
const waits = (words: ReadonlyArray<string>) =>
  words[0] === "schedule" && !words.some((word) => word === "--now" || /^--(print|help)/.test(word))

const collect = (folder: string, command: string, args: ReadonlyArray<string>, untilOutput: boolean) =>
  new Promise<Ended>((resolve) => {
    const child = spawn(command, args, { cwd: folder, env: { ...process.env, NO_COLOR: "1" } })
    const ended = { stdout: "", stderr: "" }
    const stop = () => untilOutput && child.kill("SIGTERM")
    child.stdout.on("data", (data) => ((ended.stdout += String(data)), stop()))
    child.stderr.on("data", (data) => ((ended.stderr += String(data)), stop()))
    child.stdin.end()
    child.on("close", (code, signal) => resolve({ code, signal, ...ended }))
  })

/** Starts a schedule and stops it when it has printed its times: (folder, words) -> exit code 0 if that is how it ended. */
const startAndStop = async (folder: string, words: ReadonlyArray<string>): Promise<Ended> => {
  const ended = await collect(folder, process.execPath, ["cli/start.mjs", ...words], true)
  return ended.signal === "SIGTERM" || ended.code === 130 || ended.code === 143
    ? { ...ended, code: 0 }
    : ended
}

/** Scripts that are short with small budgets; others would run these tests, or benchmarks. */
const scripts: Readonly<Record<string, string>> = {
  pipeline: packageJson.scripts.pipeline,
  "crash-test": packageJson.scripts["crash-test"],
}

/** In bash, with scripts of package.json in place of `pnpm SCRIPT`; kills are few. */
const runInBash = (folder: string, line: string) => {
  const known = line.replace(/\b(?:npx -y pnpm@10|pnpm(?: --silent)?) ([\w:-]+)/g, (_, name: string) => {
    const script = scripts[name]
    if (script === undefined) throw new Error(`pnpm ${name} has no small budget: mark the block as not run`)
    return script.replace(/^node /, `'${process.execPath}' `)
  })
  return collect(folder, "bash", ["-euc", withFewKills(known)], false)
}

const withFewKills = (line: string) =>
  line
    .replace(/--kills \d+/, "--kills 2")
    .replace(/--iterations \d+(?=.*--shorten)/, "--iterations 6 --kills 2")
