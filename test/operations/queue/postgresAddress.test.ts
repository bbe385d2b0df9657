/** Addresses of queues in PostgreSQL: what is refused, and what a connection gets. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import packageJson from "../../../package.json" with { type: "json" }
import { pgBossVersion } from "../../../operations/queue/boss.ts"
import { readAddress } from "../../../operations/queue/postgresAddress.ts"

const refused = (address: string) => Effect.map(Effect.flip(readAddress(address)), ({ message }) => message)

describe("the address of a queue in PostgreSQL", () => {
  it.effect("is encrypted and checked to another machine, and plain on this one", () =>
    Effect.gen(function* () {
      const { ssl: _, ...remote } = yield* readAddress("postgres://me@db.example:6432/runs")
      assert.deepStrictEqual(remote, {
        host: "db.example",
        port: 6432,
        user: "me",
        database: "runs",
        shown: "postgres://me@db.example:6432/runs",
      })
      const sslOf = (address: string) => Effect.map(readAddress(address), ({ ssl }) => ssl)
      const checked = { rejectUnauthorized: true }
      assert.deepStrictEqual(yield* sslOf("postgres://me@db.example/runs"), checked)
      assert.deepStrictEqual(yield* sslOf("postgresql://10.0.0.7"), checked)
      assert.deepStrictEqual(yield* sslOf("postgres://localhost/runs?sslmode=verify-full"), checked)
      assert.isFalse(yield* sslOf("postgres://localhost/runs"))
      assert.isFalse(yield* sslOf("postgres://[::1]/runs"))
      assert.isFalse(yield* sslOf("postgres:///runs?host=/var/run/postgresql"))
      assert.isFalse(yield* sslOf("postgres://db.example/runs?sslmode=disable"))
    }),
  )

  it.effect("is refused if a character is encoded wrongly", () =>
    Effect.gen(function* () {
      assert.match(yield* refused("postgres://a%zz@h/db"), /^--queue: found the user a%zz, expected each %/)
      assert.match(yield* refused("postgres://a@h/db%"), /^--queue: found the database db%, expected each %/)
      assert.strictEqual((yield* readAddress("postgres://a%25@h/db")).user, "a%")
    }),
  )

  it.effect("has no password, which is not repeated in the error", () =>
    Effect.gen(function* () {
      for (const address of ["postgres://me:geheim@db/runs", "postgres://db/runs?password=geheim"]) {
        const message = yield* refused(address)
        assert.match(message, /found a password in the address.*PGPASSWORD/)
        assert.notMatch(message, /geheim/)
      }
    }),
  )

  it.effect("says what it does not know", () =>
    Effect.gen(function* () {
      assert.match(
        yield* refused("postgres://db/runs?sslmode=prefer"),
        /found sslmode=prefer, expected verify-full/,
      )
      assert.match(
        yield* refused("postgres://db/runs?pool=3"),
        /found the parameter pool, expected only host/,
      )
      assert.match(yield* refused("postgres://:x:y/"), /expected postgres:\/\/USER@HOST:PORT\/DATABASE/)
    }),
  )

  it("is for the version of pg-boss that is tested", () => {
    assert.strictEqual(packageJson.devDependencies["pg-boss"], pgBossVersion)
  })
})
