import { tmpdir } from "node:os"
import { join } from "node:path"
import { defineConfig } from "vitest/config"
import { BaseSequencer, type TestSpecification } from "vitest/node"

// Node.js then keeps compiled modules between runs, for the tests and for the processes that they start.
process.env.NODE_COMPILE_CACHE ??= join(tmpdir(), "node-compile-cache")

/** What takes more than ten seconds: such a file runs alone at the end if it begins last. */
const longest = [
  "docs/commands.proof",
  "operations/queue/store.long",
  "package/tidemark.long",
  "browser/dashboardViews.long",
  "docs/typescript.long",
  "crash/machines.long",
  "engines/referenceResults.proof",
  "operations/schedule/schedule",
  "docs/commands",
  "pipeline/continuedRuns",
  "cli/commands",
  "engines/parity",
  "pipeline/resume",
  "operations/ensemble/ensemble",
]

/** The longest files first, then as Vitest does: by their last durations, or by size in a fresh checkout. */
class LongestFirst extends BaseSequencer {
  override async sort(files: Array<TestSpecification>) {
    const rank = ({ moduleId }: TestSpecification) => {
      const at = longest.findIndex((name) => moduleId.includes(`/test/${name}.`))
      return at < 0 ? longest.length : at
    }
    return (await super.sort(files)).toSorted((a, b) => rank(a) - rank(b))
  }
}

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    // Native libraries and signal handlers want a process of their own.
    pool: "forks",
    // Of two processors both.
    maxWorkers: "100%",
    // Node.js runs TypeScript as it is, and a process imports a module once for all of its files: with a module runner
    // and a process for each file, imports took a third of the processor time.
    experimental: { viteModuleRunner: false, nodeLoader: false },
    isolate: false,
    sequence: { sequencer: LongestFirst },
    // Some ten times what the longest takes on a quiet machine.
    testTimeout: 180_000,
    hookTimeout: 180_000,
  },
})
