/**
 * The log of one job in a queue of files: (its entries, in order) -> its state.
 *
 * Entries are numbered files, each created exclusively, and none is changed or deleted. So whoever appends has seen every entry
 * before, and of several processes that append to the same state one succeeds.
 */
import { Schema } from "effect"
import { ListedJob, JobOutcome } from "../../schemas/QueuedJob.ts"
import { ProcessIdentity } from "../../schemas/Run.ts"

const Entry = Schema.Union([
  Schema.Struct({
    entry: Schema.Literal("submitted"),
    /** Its place among others, in milliseconds since 1970. Logs of the versions before have none. */
    order: Schema.optionalKey(Schema.Finite),
  }),
  Schema.Struct({
    entry: Schema.Literal("claimed"),
    /** Identifies the claim. */
    token: Schema.String,
    worker: Schema.String,
    process: ProcessIdentity,
  }),
  Schema.Struct({ entry: Schema.Literal("cancelRequested") }),
  Schema.Struct({
    entry: Schema.Literal("givenBack"),
    reason: Schema.String,
    kills: Schema.Int,
    /** Logs of the versions before have none. */
    returns: Schema.optionalKey(Schema.Int),
    /** For how long nobody is to claim it, from when the entry was appended. */
    delayMs: Schema.Int,
  }),
  Schema.Struct({ entry: Schema.Literal("settled"), outcome: JobOutcome }),
])
export type Entry = typeof Entry.Type
export type Claimed = Extract<Entry, { readonly entry: "claimed" }>

const EntryText = Schema.fromJsonString(Entry)
/** None: a newer version has written it. */
export const decodeEntry = Schema.decodeUnknownOption(EntryText)
export const encodeEntry = Schema.encodeSync(EntryText)

export interface JobLogState extends Omit<ListedJob, "id" | "what" | "run" | "fingerprint"> {
  /** The number of the newest entry. */
  readonly number: number
  /** The next entry is there, and this version does not understand it. */
  readonly isNewer: boolean
  /** The number of the newest entry that submitted it. */
  readonly submission: number
  /** Undefined if that entry does not say it. */
  readonly order: number | undefined
  readonly claimed: Claimed | undefined
  /** The number of the entry of the claim. */
  readonly claimNumber: number
  readonly kills: number
  readonly returns: number
  readonly delayMs: number
}

export const noEntries: JobLogState = {
  number: 0,
  isNewer: false,
  submission: 0,
  order: undefined,
  state: "queued",
  worker: null,
  reason: "",
  outcome: null,
  claimed: undefined,
  claimNumber: 0,
  kills: 0,
  returns: 0,
  delayMs: 0,
}

/** The state after one more entry. */
export const withEntry = (before: JobLogState, entry: Entry): JobLogState => {
  const number = before.number + 1
  const unclaimed = { worker: null, claimed: undefined, claimNumber: 0, delayMs: 0 }
  switch (entry.entry) {
    case "submitted":
      return { ...noEntries, number, submission: number, order: entry.order }
    case "claimed":
      return {
        ...before,
        number,
        state: "running",
        reason: "",
        worker: entry.worker,
        claimed: entry,
        claimNumber: number,
      }
    case "cancelRequested":
      return { ...before, number, state: "cancelling" }
    case "givenBack": {
      const { delayMs, kills, reason, returns = 0 } = entry
      return { ...before, number, ...unclaimed, state: "queued", reason, kills, returns, delayMs }
    }
    case "settled": {
      const { outcome } = entry
      return { ...before, number, ...unclaimed, state: outcome.status, reason: outcome.reason, outcome }
    }
  }
}
