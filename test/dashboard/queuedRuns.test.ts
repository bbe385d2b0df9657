/** What the dashboard shows of a queue: which stopped runs wait for a worker. */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { makeFileQueue } from "../../operations/queue/fileQueue.ts"
import { runId, writeRun } from "../fixtures/writeRun.ts"
import { jobOf } from "../operations/queue/jobs.ts"
import { openStream, serve } from "./serve.ts"

it("the dashboard of a queue shows the stopped run of a queued job as queued, and no other run", async () => {
  const scratch = mkdtempSync(join(tmpdir(), "tidemark-queued-"))
  const runsDir = join(scratch, "runs")
  for (const second of [1, 2]) writeRun({ runsDir, second, status: "interrupted", unfinished: true })
  const [waiting, other] = [runId({ second: 1 }), runId({ second: 2 })]
  const queue = await Effect.runPromise(
    Effect.gen(function* () {
      const queue = yield* makeFileQueue(join(scratch, "queue"), "nobody")
      yield* queue.submit([jobOf(1, { formatVersion: 2, run: waiting })])
      return queue
    }).pipe(Effect.provide(NodeServices.layer)),
  )
  const served = await serve(runsDir, { queue })
  const stream = await openStream(served, "runs")
  const statesOf = (id: string) =>
    stream.events.flatMap(({ message }) =>
      message.kind === "runs" ? message.rows.filter((row) => row.id === id).map(({ state }) => state) : [],
    )
  try {
    await stream.until(() => statesOf(waiting).includes("queued"))
    assert.deepStrictEqual([...new Set(statesOf(other))], ["stopped"])
  } finally {
    await stream.close()
    await served.close()
    rmSync(scratch, { recursive: true, force: true })
  }
})
