/**
 * What training needs from this machine: () -> one finding a thing, with the line that would fix what is not available.
 *
 * Nothing is changed and nothing is trained.
 */
import { Effect } from "effect"
import { checkDatasets } from "./data.ts"
import { checkDisk } from "./disk.ts"
import { checkEngines } from "./engines.ts"
import type { Finding } from "./Finding.ts"
import { describeMachine } from "./machine.ts"

export const checkMachine = Effect.fn("checkMachine")(function* (options: {
  readonly runsDir: string
  readonly dataDir: string
  /** Whether to contact mirrors of datasets that are not downloaded. */
  readonly network: boolean
}) {
  const findings: ReadonlyArray<Finding> = [
    ...(yield* checkEngines),
    ...describeMachine(),
    ...(yield* checkDatasets(options.dataDir, options.network)),
    yield* checkDisk("runs", options.runsDir),
    yield* checkDisk("data", options.dataDir),
  ]
  return findings
})
