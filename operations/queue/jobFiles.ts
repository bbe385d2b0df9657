/** The jobs of a queue in a folder and their logs: (folder) -> what this process has read of them so far, and how to append. */
import { Effect, Option, type Path, Schema } from "effect"
import { QueuedJob, QueuedJobText } from "../../schemas/QueuedJob.ts"
import { createExclusive } from "../../storage/createExclusive.ts"
import * as files from "../../storage/files.ts"
import { decodeEntry, encodeEntry, type Entry, noEntries, withEntry, type JobLogState } from "./jobLog.ts"

const decode = Schema.decodeUnknownOption(QueuedJobText)
const encodeJob = Schema.encodeSync(QueuedJobText)

/** What any version calls a job, and the runs that it may train. */
const JobGlance = Schema.Struct({
  what: Schema.String,
  run: Schema.optionalKey(Schema.String),
  fingerprint: Schema.optionalKey(Schema.String),
})
const decodeGlance = Schema.decodeUnknownOption(Schema.fromJsonString(JobGlance))

/** Undefined if a newer version may have written it. Takes milliseconds. */
export const decodeJob = (text: string): QueuedJob | undefined => Option.getOrUndefined(decode(text))

const FormatText = Schema.fromJsonString(Schema.Struct({ formatVersion: QueuedJob.fields.formatVersion }))
const decodeFormat = Schema.decodeUnknownOption(FormatText)

/** The same at a glance: a newer version may still mean something else by an experiment. */
export const isFormatKnown = (text: string): boolean => Option.isSome(decodeFormat(text))

const numbered = (number: number, extension: string) => `${String(number).padStart(5, "0")}.${extension}`

/** What a list shows of a job besides its state. */
interface Details {
  /** The number of the entry that submitted it. */
  readonly submission: number
  readonly what: string
  readonly run: string | null
  readonly fingerprint: string | null
  readonly submittedMs: number
  /** Whether this version understands it. */
  readonly isKnown: boolean
}

export const makeJobFiles = (folder: string, paths: Path.Path) => {
  const known = new Map<string, JobLogState>()
  const details = new Map<string, Details>()
  const jobFolder = (id: string) => paths.join(folder, "jobs", id)
  const jobFile = (id: string) => paths.join(jobFolder(id), "job.json")
  const entryFile = (id: string, number: number) => paths.join(jobFolder(id), numbered(number, "json"))

  /** Reads the entries that were appended since the last time, up to the first that this version does not understand. */
  const read = Effect.fnUntraced(function* (id: string) {
    let state = known.get(id) ?? noEntries
    while (true) {
      const text = yield* files.readStringIfExists(entryFile(id, state.number + 1))
      if (text === undefined) break
      const entry = Option.getOrUndefined(decodeEntry(text))
      if (entry === undefined) return { ...state, isNewer: true }
      state = withEntry(state, entry)
      known.set(id, state)
    }
    return state
  })

  /** Appends if nobody else has since `state` was read. */
  const append = (id: string, state: JobLogState, entry: Entry) =>
    createExclusive(entryFile(id, state.number + 1), encodeEntry(entry))

  /** When an entry was appended, by the clock of the disk. */
  const entryTime = (id: string, number: number) =>
    Effect.map(files.stat(entryFile(id, number)), (entry) => entry?.modifiedMs)

  /** Empty if the file is gone. */
  const readText = (id: string) => Effect.map(files.readStringIfExists(jobFile(id)), (text) => text ?? "")

  const writeJob = (job: QueuedJob) => files.writeAtomic(jobFile(job.id), encodeJob(job))

  /** Read once for each submission: thousands of jobs are listed again and again. */
  const describe = Effect.fnUntraced(function* (id: string, { order, submission }: JobLogState) {
    const before = details.get(id)
    if (before?.submission === submission) return before
    const text = yield* readText(id)
    const glance: Partial<typeof JobGlance.Type> = Option.getOrElse(decodeGlance(text), () => ({}))
    const described: Details = {
      submission,
      what: glance.what ?? "",
      run: glance.run ?? null,
      fingerprint: glance.fingerprint ?? null,
      submittedMs: order ?? (yield* files.stat(jobFile(id)))?.modifiedMs ?? 0,
      isKnown: isFormatKnown(text),
    }
    details.set(id, described)
    return described
  })

  /** Where the holder of a claim counts its renewals. */
  const beatFile = (id: string, claimNumber: number) =>
    paths.join(jobFolder(id), numbered(claimNumber, "beat"))

  return { jobFolder, beatFile, read, append, entryTime, readText, writeJob, describe }
}

export type JobFiles = ReturnType<typeof makeJobFiles>
