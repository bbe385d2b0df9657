/** The runs in a runs folder, and the newest of them: (folder) -> names. */
import { Effect, Path, Schema } from "effect"
import { entriesNow, existsNow, readStringNow } from "./filesNow.ts"
import { byOrder, type Ordered, orderMs } from "./runOrder.ts"

/** run.json. It has its name here because a folder is a run if it is in there. */
export const identityFile = "run.json"

/** 2026-11-22T02:00:00.000Z -> 20261122T020000Z */
const compactTime = (time: string) => `${time.slice(0, 19).replace(/[-:]/g, "")}Z`

/** The name of a run that is created at this time; `number`: of those with the same second, experiment and fingerprint. */
export const runName = (createdAt: string, experiment: string, fingerprint: string, number: number): string =>
  `${compactTime(createdAt)}-${experiment}-${fingerprint.slice(0, 8)}${number > 1 ? `-${number}` : ""}`

/** The file that reserves the id of a run that is not created yet. */
export const reservationOf = (id: string): string => `.${id}.reserved-id.tmp`

/** The name that `createRun` gives: time, experiment, the first digits of the fingerprint, a number if it is one of several. */
const wholeName = /^\d{8}T\d{6}Z-[a-z0-9][a-z0-9-]{0,63}-[0-9a-f]{8}(-\d+)?$/
const partsOf = (name: string) => /^[^-]+-(.+)-([0-9a-f]{8})(?:-\d+)?$/.exec(name) ?? []
/** The name of the experiment in the name of a run. */
export const experimentOfRun = (name: string): string | undefined => partsOf(name)[1]
/** The first digits of the fingerprint there. */
export const fingerprintDigits = (name: string): string | undefined => partsOf(name)[2]
/** Whether a name has the first digits of a fingerprint, and is that of an experiment if one is given. */
export const isRunOf = (name: string, fingerprint: string, experiment?: string): boolean => {
  const [, of, digits] = partsOf(name)
  return digits === fingerprint.slice(0, 8) && (experiment === undefined || of === experiment)
}
export const isRunName = (name: string) => wholeName.test(name)

/** Names of runs, and of copies that a person made. */
export const beginsWithTime = (name: string) => /^\d{8}T\d{6}Z-/.test(name)

/**
 * The names of the runs in a folder, sorted. A folder with the name of a run is one, even without run.json: it is damaged. A folder
 * with another name, such as that of a copy, is one if it has run.json. Files, such as an archive of a run, never are.
 */
export const listRunNames = Effect.fnUntraced(function* (runsDir: string) {
  const paths = yield* Path.Path
  const names: Array<string> = []
  for (const { isFolder, name } of yield* entriesNow(runsDir)) {
    if (!isFolder || !beginsWithTime(name)) continue
    if (isRunName(name) || (yield* existsNow(paths.join(runsDir, name, identityFile)))) names.push(name)
  }
  return names
})

const decodeOrder = Schema.decodeUnknownEffect(
  Schema.fromJsonString(Schema.Struct({ orderedAt: Schema.optionalKey(Schema.String) })),
)

/** The newest of these runs; undefined if there are none. */
export const newestRun = Effect.fnUntraced(function* (runsDir: string, names: ReadonlyArray<string>) {
  const paths = yield* Path.Path
  const runs: Array<Ordered & { readonly orderMs: number }> = []
  for (const id of names) {
    const text = yield* readStringNow(paths.join(runsDir, id, identityFile)).pipe(Effect.option)
    const decoded = yield* decodeOrder(text._tag === "None" ? "" : text.value).pipe(Effect.option)
    const ordered = decoded._tag === "None" ? { id } : { id, ...decoded.value }
    runs.push({ ...ordered, orderMs: orderMs(ordered) })
  }
  return runs.toSorted(byOrder).at(-1)
})

/** Clocks of machines with one disk differ by less than this. */
const toleranceMs = 60_000

/** What a run that starts now records of its order: nothing, unless the newest run has the second of its name or a later time. */
export const nextOrder = Effect.fnUntraced(function* (runsDir: string, nowMs: number) {
  const newest = yield* newestRun(runsDir, yield* listRunNames(runsDir))
  const ownMs = nowMs - (nowMs % 1000)
  if (newest === undefined || newest.orderMs < ownMs) return {}
  if (newest.orderMs - nowMs > toleranceMs && newest.orderedAt === undefined) {
    yield* Effect.logWarning(
      `the start of ${newest.id} is in the future: this machine's clock is wrong, or the clock was wrong then; the new run counts as newer`,
    )
  }
  return { orderedAt: new Date(newest.orderMs + 1).toISOString() }
})
