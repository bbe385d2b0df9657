/** What a queue says of runs: by the run that a job names, or by the fingerprint of what is to be trained. */
import { assert, describe, it } from "@effect/vitest"
import { queuedStates } from "../../../operations/queue/queuedStates.ts"
import type { ListedJob } from "../../../schemas/QueuedJob.ts"

const job = (changes: Partial<ListedJob>): ListedJob => ({
  id: "1",
  what: "a run",
  run: null,
  fingerprint: null,
  state: "queued",
  worker: null,
  reason: "",
  outcome: null,
  ...changes,
})
const [named, begun, other] = ["20261122T020000Z-cnn-3f9a1c2e", "20261122T020001Z-cnn-00aa11bb", "old name"]

describe("the states of queued runs", () => {
  it("are those of the jobs that name a run, or its fingerprint; ended jobs and other runs have none", () => {
    const jobs = [
      job({ run: named }),
      job({ fingerprint: `00aa11bb${"0".repeat(56)}`, state: "running" }),
      job({ run: other, state: "finished" }),
    ]
    const { notBegun, states } = queuedStates(jobs, [named, begun, other])
    assert.deepStrictEqual(Object.fromEntries(states), { [named]: "queued", [begun]: "running" })
    assert.deepStrictEqual(notBegun, [])
  })

  it("ignore jobs that name neither, each of which is one that has not begun", () => {
    const jobs = [job({ id: "1" }), job({ id: "2" })]
    const { notBegun, states } = queuedStates(jobs, [other])
    assert.strictEqual(states.size, 0)
    assert.deepStrictEqual(notBegun, jobs)
  })
})
