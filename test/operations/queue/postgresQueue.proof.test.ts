/** The queue in PostgreSQL: what every queue must do, and what becomes of claims when the database is away. */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Effect } from "effect"
import { makePostgresQueue } from "../../../operations/queue/postgresQueue.ts"
import { type Postgres, postgresMissing, startPostgres } from "../../fixtures/postgres.ts"
import { queueSuite } from "./queueSuite.ts"
import { jobOf } from "./jobs.ts"

let scratch: string
let postgres: Postgres
const skipped = postgresMissing === "" ? "" : ` (skipped: ${postgresMissing})`

/** One database for each queue of the suite. */
const databases = new Set<string>()
const addressOf = (name: string) => {
  const database = name.slice(0, 50)
  if (!databases.has(database)) {
    databases.add(database)
    postgres.query(`CREATE DATABASE "${database}"`)
  }
  return postgres.address.replace(/postgres$/, database)
}

describe.skipIf(postgresMissing !== "")(`a queue in PostgreSQL${skipped}`, () => {
  beforeAll(async () => {
    scratch = mkdtempSync(join(tmpdir(), "tidemark-postgres-"))
    postgres = await startPostgres(scratch)
  })
  afterAll(() => {
    postgres.stop()
    rmSync(scratch, { recursive: true, force: true })
  })

  queueSuite({
    lease: { leaseMs: 12_000, renewMs: 3000 },
    open: (name) => makePostgresQueue(addressOf(name)),
  })

  it.live(
    "lapses no claim in an outage: the holders renew before anybody may take over",
    () =>
      Effect.gen(function* () {
        const address = addressOf("outage")
        const holder = yield* makePostgresQueue(address)
        const other = yield* makePostgresQueue(address)
        const jobs = [1, 2, 3].map((seed) => jobOf(seed))
        yield* holder.submit(jobs)
        const claims = [yield* holder.claim, yield* holder.claim, yield* holder.claim]
        const renewals = Effect.forEach(claims, (claim) => Effect.ignore(claim?.renew ?? Effect.void), {
          concurrency: "unbounded",
        }).pipe(Effect.andThen(Effect.sleep(3000)), Effect.forever)
        yield* Effect.forkChild(renewals)
        let taken = 0
        yield* Effect.ignore(Effect.map(other.claim, (claim) => (taken += claim === undefined ? 0 : 1))).pipe(
          Effect.andThen(Effect.sleep(500)),
          Effect.forever,
          Effect.forkChild,
        )
        yield* Effect.sleep(2000)
        postgres.stop()
        yield* Effect.sleep(33_000)
        postgres.start()
        yield* Effect.sleep(25_000)
        assert.strictEqual(taken, 0)
        for (const claim of claims) assert.strictEqual(yield* claim?.renew ?? Effect.succeed("lost"), "held")
      }).pipe(Effect.scoped, Effect.provide(NodeServices.layer)),
    240_000,
  )

  it.live("gives the same lease to sessions in other time zones", () =>
    Effect.gen(function* () {
      const address = addressOf("zones")
      for (const zone of ["Pacific/Kiritimati", "Pacific/Niue"]) {
        postgres.query(`ALTER DATABASE zones SET timezone TO '${zone}'`)
        const queue = yield* makePostgresQueue(address)
        yield* queue.submit([jobOf(1)])
        const claim = yield* queue.claim
        assert.isDefined(claim)
        postgres.query(`ALTER DATABASE zones SET timezone TO 'UTC'`)
        const other = yield* makePostgresQueue(address)
        yield* Effect.forEach(Array.from({ length: 20 }), () =>
          Effect.gen(function* () {
            assert.strictEqual(yield* claim.renew, "held")
            assert.isUndefined(yield* other.claim)
            yield* Effect.sleep(1000)
          }),
        )
        assert.isTrue(yield* claim.settle({ status: "finished", exitCode: 0, reason: "", run: null }))
      }
    }).pipe(Effect.scoped, Effect.provide(NodeServices.layer)),
  )
})
