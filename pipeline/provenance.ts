/** The provenance of an attempt: the machine, the versions and the git commit. */
import { availableParallelism, cpus, totalmem } from "node:os"
import { Effect } from "effect"
import type { Machine } from "../schemas/Run.ts"
import { version } from "../schemas/version.ts"
import { readGitCommit } from "./gitCommit.ts"

const machine = (): Machine => ({
  platform: `${process.platform} ${process.arch}`,
  cpu: cpus()[0]?.model.trim() ?? process.arch,
  cores: availableParallelism(),
  memoryBytes: totalmem(),
})

export const provenance = Effect.map(readGitCommit(process.cwd(), process.env), (commit) => ({
  node: process.versions.node,
  tidemark: version,
  machine: machine(),
  ...commit,
}))
