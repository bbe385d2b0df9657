/**
 * A lock on a folder, for its only writer: (folder) -> held until the scope ends, or the process that holds it.
 *
 * Like an attempt at a run, a claim is a numbered file that is created exclusively and names its process; the highest
 * number counts while its process lives. The file of a released claim stays, so that the next claim takes the next
 * number and, of several processes that find it abandoned, exactly one wins. Lower numbers are deleted.
 */
import { DateTime, Effect, Path, Schedule, Schema } from "effect"
import { Failure } from "../../schemas/Failure.ts"
import { ProcessIdentity } from "../../schemas/Run.ts"
import { RunLocked } from "../attempts.ts"
import * as files from "../files.ts"
import { createExclusive, reservedSuffix } from "../createExclusive.ts"
import { removeTemporaries } from "../temporaries.ts"
import { keepBeatingSoon, removeOlderHeartbeats } from "./heartbeat.ts"
import { isAlive, seemsAlive } from "./owner.ts"
import { currentProcess } from "./processIdentity.ts"

const Claim = Schema.Struct({
  process: ProcessIdentity,
  since: Schema.String,
  released: Schema.Boolean,
})
const ClaimText = Schema.fromJsonString(Claim)
const decodeClaim = Schema.decodeUnknownEffect(ClaimText)
const encodeClaim = Schema.encodeSync(ClaimText)

const fileName = (number: number) => `${String(number).padStart(8, "0")}.json`
/** Of claims and of names that are being taken. */
const numbersOf = (names: ReadonlyArray<string>) =>
  names.flatMap((name) => (/^\d{8,}\.json(\.reserved)?$/.test(name) ? [Number.parseInt(name, 10)] : []))

/**
 * The holder of the claim at `path`; undefined if it is free. Watches the heartbeat of a process that is not visible
 * here.
 */
const holder = Effect.fnUntraced(function* (what: string, path: string) {
  const text = yield* files.readStringIfExists(path)
  const claim =
    text === undefined ? undefined : yield* decodeClaim(text).pipe(Effect.orElseSucceed(() => undefined))
  if (claim === undefined || claim.released) return undefined
  return (yield* isAlive(what, path, claim.process)) ? claim : undefined
})

/** Whether a process seems to hold the claim, at once, for a display. Nothing is taken on its word. */
export const isClaimed = Effect.fn("isClaimed")(function* (folder: string) {
  const paths = yield* Path.Path
  const highest = Math.max(0, ...numbersOf(yield* files.list(folder)))
  if (highest === 0) return false
  const path = paths.join(folder, fileName(highest))
  const text = yield* files.readStringIfExists(path)
  const claim =
    text === undefined ? undefined : yield* decodeClaim(text).pipe(Effect.orElseSucceed(() => undefined))
  return claim !== undefined && !claim.released && (yield* seemsAlive(path, claim.process))
})

const take = Effect.fnUntraced(function* (what: string, folder: string) {
  const paths = yield* Path.Path
  const at = (number: number) => paths.join(folder, fileName(number))
  while (true) {
    const numbers = numbersOf(yield* files.list(folder))
    const highest = Math.max(0, ...numbers)
    const held = highest === 0 ? undefined : yield* holder(what, at(highest))
    if (held !== undefined)
      return yield* new RunLocked({ path: what, process: held.process, since: held.since })
    const since = DateTime.formatIso(yield* DateTime.now)
    const claim = { process: currentProcess(), since, released: false }
    if (!(yield* createExclusive(at(highest + 1), encodeClaim(claim)))) continue
    // The number may be free because a higher claim deleted it: then this claim is void.
    if (Math.max(...numbersOf(yield* files.list(folder))) !== highest + 1) {
      yield* files.remove(at(highest + 1))
      continue
    }
    for (const number of numbers) {
      yield* files.remove(at(number))
      yield* files.remove(`${at(number)}${reservedSuffix}`)
    }
    yield* removeTemporaries(folder)
    return { number: highest + 1, path: at(highest + 1), released: encodeClaim({ ...claim, released: true }) }
  }
})

/** Another process took the claim over, because this one gave no sign of life for too long. */
export class ClaimLost extends Failure<ClaimLost>()("ClaimLost", {
  exitCode: "temporary",
  fields: { what: Schema.String },
  message: ({ what }) =>
    `${what}: another process took it over while this one gave no sign of life; nothing more was written, run the command again`,
}) {}

/**
 * Creates and claims `folder`; the error names it as `what`. The claim ends with the scope, or with this process.
 * Returns a check, for use before each write, that fails if another process has taken the claim over.
 */
export const claim = Effect.fn("claim")(function* (what: string, folder: string) {
  yield* files.makeFolder(folder)
  const { number, path } = yield* Effect.acquireRelease(take(what, folder), ({ path, released }) =>
    Effect.ignore(files.writeAtomic(path, released)),
  )
  yield* keepBeatingSoon(path)
  yield* removeOlderHeartbeats(path)
  return Effect.gen(function* () {
    if (Math.max(...numbersOf(yield* files.list(folder))) !== number) return yield* new ClaimLost({ what })
  })
})

/** The same for short work: waits up to ten seconds for the present holder. */
export const claimSoon = (what: string, folder: string) =>
  claim(what, folder).pipe(
    Effect.retry({
      schedule: Schedule.spaced("100 millis").pipe(Schedule.upTo({ duration: "10 seconds" })),
      while: (error) => error._tag === "RunLocked",
    }),
  )
