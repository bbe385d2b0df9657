/** Jobs for tests of queues. */
import { createHash } from "node:crypto"
import { Schema } from "effect"
import { Experiment } from "../../../schemas/experiment/Experiment.ts"
import { fingerprint } from "../../../schemas/experiment/fingerprint.ts"
import type { QueuedJob } from "../../../schemas/QueuedJob.ts"
import { version } from "../../../schemas/version.ts"
import tiny from "../../fixtures/tiny.ts"

const decode = Schema.decodeUnknownSync(Experiment)

export const jobOf = (seed: number, change: Partial<QueuedJob> = {}): QueuedJob => {
  const experiment = decode({ ...tiny, seed })
  const identity = fingerprint(experiment)
  return {
    formatVersion: 1,
    id: createHash("sha256").update(identity).digest("hex").slice(0, 32),
    what: `tiny, seed ${seed}`,
    experiment,
    fingerprint: identity,
    experimentFile: { path: "test/fixtures/tiny.ts", fingerprint: identity },
    overrides: {},
    pauseAt: null,
    engine: "onnx",
    code: {},
    otherRuns: [],
    tidemark: version,
    ...change,
  }
}
