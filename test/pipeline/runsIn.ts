/** Runs of one experiment file, each in a runs folder of its own: (scratch folder, file) -> commands by the folder's name. */
import { join } from "node:path"
import { assert } from "@effect/vitest"
import { type Running, start } from "../fixtures/cli.ts"
import { runCommand } from "../fixtures/command.ts"
import { untilReached } from "../fixtures/runFiles.ts"

export const runsIn = (scratch: string, file: string) => {
  const folder = (name: string) => join(scratch, name)
  // The number of threads does not change the bits of this engine.
  const flags = (name: string) => [
    "--engine=onnx",
    `--runs-dir=${folder(name)}`,
    `--data-dir=${folder("data")}`,
  ]
  const resumeWords = (name: string) => ["resume", "latest", `--runs-dir=${folder(name)}`]
  return {
    folder,
    flags,
    run: (name: string, ...more: ReadonlyArray<string>) => runCommand("run", file, ...flags(name), ...more),
    resume: (name: string, ...more: ReadonlyArray<string>) => runCommand(...resumeWords(name), ...more),
    /** In processes of their own. */
    startRun: (name: string, ...more: ReadonlyArray<string>) => start("run", file, ...flags(name), ...more),
    startResume: (name: string, ...more: ReadonlyArray<string>) => start(...resumeWords(name), ...more),
    /** Kills it with SIGKILL once it has a checkpoint of at least `iteration`. */
    killAt: async (name: string, iteration: number, { child, ended }: Running) => {
      await untilReached(folder(name), iteration, ended)
      child.kill("SIGKILL")
      assert.strictEqual((await ended).signal, "SIGKILL")
    },
  }
}
