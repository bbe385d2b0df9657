/**
 * pg-boss, opened for a queue: (address) -> the parts of it that are used. Only this file and `postgresQueue.ts` know it.
 *
 * It does not supervise itself: a supervisor of pg-boss takes away every job without a heartbeat at once when the database is back
 * after an outage. `postgresQueue.ts` decides when that is right. pg-boss is an optional package: most users have no queue.
 */
import { Effect } from "effect"
import type { PgBoss } from "pg-boss"
import { isCheckout } from "../../format/program.ts"
import { Failure } from "../../schemas/Failure.ts"
import { QueueUnavailable } from "./Queue.ts"
import type { PostgresAddress } from "./postgresAddress.ts"

/** The version that is tested. */
export const pgBossVersion = "12.38.0"

/** The schema of the database, apart from other users of pg-boss. */
export const bossSchema = "tidemark"

/** No statement waits longer: a connection that is cut without a word never answers. */
const statementMs = 5000

class PackageMissing extends Failure<PackageMissing>()("PackageMissing", {
  exitCode: "unavailable",
  fields: {},
  message: () =>
    `a queue in PostgreSQL needs the package pg-boss, which is not installed; add it with \`${isCheckout ? "pnpm install" : `npm install pg-boss@${pgBossVersion}`}\``,
}) {}

/** What Node.js calls a certificate whose authority it does not know. */
const untrusted = [
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
]
const codeOf = (error: unknown) => (error instanceof Error && "code" in error ? String(error.code) : "")

/** Why a call failed, in one line; a connection that is refused on several addresses has no message of its own. */
export const reasonOf = (error: unknown): string => {
  if (error instanceof AggregateError && error.message === "") return error.errors.map(reasonOf).join("; ")
  if (error instanceof Error && untrusted.includes(codeOf(error))) {
    return `${error.message}; to trust it, name a file with its authority in NODE_EXTRA_CA_CERTS`
  }
  return error instanceof Error && error.message !== "" ? error.message : String(error)
}

const load = Effect.tryPromise({ try: () => import("pg-boss"), catch: () => new PackageMissing() })

/** Ends without waiting for a database that is away. */
const close = (boss: PgBoss) =>
  Effect.promise(() => boss.stop({ graceful: false, close: true })).pipe(
    Effect.timeout("2 seconds"),
    Effect.ignoreCause,
  )

export const openBoss = Effect.fnUntraced(function* (address: PostgresAddress) {
  const { PgBoss } = yield* load
  const { shown, ...connection } = address
  const settings = {
    ...connection,
    application_name: "tidemark",
    schema: bossSchema,
    max: 4,
    connectionTimeoutMillis: statementMs,
    query_timeout: statementMs,
    keepAlive: true,
    supervise: false,
    schedule: false,
    registerInstance: false,
    monitorIntervalSeconds: 1,
  }
  const boss = new PgBoss(settings)
  // What happens in the background fails again where somebody waits for it.
  boss.on("error", () => {})
  yield* Effect.acquireRelease(
    Effect.tryPromise({
      try: () => boss.start(),
      catch: (error) => new QueueUnavailable({ queue: shown, reason: reasonOf(error) }),
    }),
    () => close(boss),
  )
  return boss
})
