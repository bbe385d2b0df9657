/** The provenance of an attempt: the machine, the versions and the git commit. */
import { execFile } from "node:child_process"
import { availableParallelism, cpus, totalmem } from "node:os"
import { promisify } from "node:util"
import { Effect } from "effect"
import type { Machine } from "../schemas/Run.ts"
import { version } from "../schemas/version.ts"

const run = promisify(execFile)

/** The git commit of the working folder, with `+changes` if tracked files differ from it; null outside a checkout. */
const gitCommit = Effect.tryPromise(async () => {
  const { stdout: commit } = await run("git", ["rev-parse", "HEAD"])
  const { stdout: changes } = await run("git", ["status", "--porcelain", "--untracked-files=no"])
  return commit.trim() + (changes.trim() === "" ? "" : "+changes")
}).pipe(Effect.orElseSucceed(() => null))

const machine = (): Machine => ({
  platform: `${process.platform} ${process.arch}`,
  cpu: cpus()[0]?.model.trim() ?? process.arch,
  cores: availableParallelism(),
  memoryBytes: totalmem(),
})

export const provenance = Effect.map(gitCommit, (commit) => ({
  node: process.versions.node,
  tidemark: version,
  machine: machine(),
  gitCommit: commit,
}))
