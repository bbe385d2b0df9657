/**
 * Decodes the images of a list: (entries, shape, options) -> their pixels in a file of the cache, and the files that cannot become
 * examples.
 *
 * Every file is read and decoded once, several at a time: the decoder works in threads of its own. The result depends on the
 * order of the list, never on which file was decoded first.
 */
import { availableParallelism } from "node:os"
import { Clock, Effect } from "effect"
import { count } from "../../format/numbers.ts"
import type { ImageOptions } from "../../schemas/experiment/PackedDataset.ts"
import { digestOf } from "../digest.ts"
import { decodeExample } from "../preprocess/decodeExample.ts"
import type { ImageSink } from "./imageSink.ts"
import type { ArraySet, ImageEntry } from "./Source.ts"
import type { SourceFiles } from "./sourceFiles.ts"
import type { SourceProblem } from "./SourceInvalid.ts"

/** A larger file is no image of a dataset. */
const limitBytes = 100 * 2 ** 20

/** Files in flight for each core: one is decoded while another is read. */
const filesPerCore = 2

const progressMs = 5000

export type Shape = readonly [height: number, width: number, channels: number]

type Excluded = SourceProblem & { readonly sha256: string | null }

/** The reason of an error whose message begins with the path, which a list shows in front of it. */
const reasonOf = (message: string, name: string) =>
  message.replace(`cannot read ${name}: `, "").replace(`${name} `, "")

/** Counts the images that are done, and logs how many every few seconds. */
const makeProgress = Effect.fnUntraced(function* (dataset: string, total: number) {
  let done = 0
  let shownMs = yield* Clock.currentTimeMillis
  return Effect.gen(function* () {
    done++
    const now = yield* Clock.currentTimeMillis
    if (now - shownMs < progressMs) return
    shownMs = now
    yield* Effect.logInfo(`${dataset}: decoded ${count(done)} of ${count(total)} images`)
  })
})

/** Removes the gaps that files without pixels left. `isGood`: of the images of the block, by their place in it. */
const compact = (block: Uint8Array, size: number, isGood: (place: number) => boolean, images: number) => {
  let kept = 0
  for (let place = 0; place < images; place++) {
    if (!isGood(place)) continue
    if (kept !== place) block.copyWithin(kept * size, place * size, (place + 1) * size)
    kept++
  }
  return block.subarray(0, kept * size)
}

/**
 * Images that are decoded before they are written, or one image for each core if that is more: the larger, the shorter the
 * threads wait for the last image of a block.
 */
const blockBytes = 32 * 2 ** 20

/** libvips starts threads for every image: for many small images one thread each is faster. */
const withOneThread = Effect.acquireRelease(
  Effect.promise(async () => {
    const { default: sharp } = await import("sharp")
    const before = sharp.concurrency()
    sharp.concurrency(1)
    return { sharp, before }
  }),
  ({ before, sharp }) => Effect.sync(() => sharp.concurrency(before)),
)

export const decodeList = Effect.fn("decodeList")(function* (options: {
  readonly dataset: string
  readonly files: SourceFiles
  readonly entries: ReadonlyArray<ImageEntry>
  readonly shape: Shape
  readonly images: ImageOptions
  readonly sink: ImageSink
  /** Counts of what was seen in the images, which this adds to. */
  readonly counts: Map<string, number>
}) {
  const { counts, dataset, entries, files, shape, sink } = options
  const size = shape.reduce((a, b) => a * b)
  const cores = availableParallelism()
  const concurrency = filesPerCore * cores
  const atOnce = Math.min(entries.length, Math.max(cores, Math.floor(blockBytes / size)))
  const block = new Uint8Array(atOnce * size)
  const faults = new Map<number, Excluded>()
  const progress = yield* makeProgress(dataset, entries.length)
  const add = (what: string) => counts.set(what, (counts.get(what) ?? 0) + 1)
  /** `place`: in the block that begins with the image `first`. */
  const decodeOne = Effect.fnUntraced(function* ({ file, name }: ImageEntry, first: number, place: number) {
    const fail = (kind: string, reason: string, sha256: string | null) =>
      faults.set(first + place, { path: name, reason, sha256, kind })
    yield* progress
    const bytes = yield* files.read(file, limitBytes).pipe(
      Effect.catch(({ code, message }) => {
        fail(code, message, null)
        return Effect.succeed(undefined)
      }),
    )
    if (bytes === undefined) return
    const to = block.subarray(place * size, (place + 1) * size)
    const seen = yield* decodeExample(bytes, name, shape, options.images, to).pipe(
      Effect.catch(({ _tag, message }) =>
        Effect.map(digestOf("sha256", bytes), (sha256) => {
          fail(_tag, reasonOf(message, name), sha256)
          return undefined
        }),
      ),
    )
    if (seen === undefined) return
    add(seen.format)
    seen.traits.forEach(add)
  })
  yield* withOneThread
  for (let first = 0; first < entries.length; first += atOnce) {
    const some = entries.slice(first, first + atOnce)
    yield* Effect.forEach(some, (entry, place) => decodeOne(entry, first, place), {
      concurrency,
      discard: true,
    })
    const whole = compact(block, size, (place) => !faults.has(first + place), some.length)
    yield* sink.append(whole)
  }
  const good = faults.size === 0 ? entries : entries.filter((_, index) => !faults.has(index))
  const hasGroups = good.some(({ group }) => group !== undefined)
  const set: ArraySet = {
    images: sink,
    labels: good.map(({ label }) => label),
    names: good.map(({ name }) => name),
    // An example without a group is one of its own.
    ...(hasGroups ? { groups: good.map(({ group, name }) => group ?? `\0${name}`) } : {}),
  }
  const excluded = [...faults].sort(([a], [b]) => a - b).map(([, fault]) => fault)
  return { set, excluded }
}, Effect.scoped)
