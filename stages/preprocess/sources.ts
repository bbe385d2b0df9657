/**
 * Finds the images of a command line: (paths, folders, `-`) -> the name of each image and an effect that reads it or fails.
 *
 * A folder means the images directly in it, sorted by name. Hidden files are skipped and counted: macOS writes one
 * (`._3.png`, no image) for each file on a USB stick and in `__MACOSX` of an archive. Sizes are checked before a file is
 * read.
 */
import { Effect, FileSystem, Path, Schema, Stdio, Stream } from "effect"
import { Failure } from "../../schemas/Failure.ts"
import * as files from "../../storage/files.ts"
import { type StorageFailed } from "../../storage/StorageFailed.ts"

/** The largest file. Phones write 5 to 25 MB. */
const maxBytes = 100 * 2 ** 20
const imageName = /\.(?:png|jpe?g|webp)$/i

/** The folder of an archive of macOS that holds only what belongs to the files of the other folders. */
const hiddenFolder = "__MACOSX"
const isHidden = (name: string) => name.startsWith(".")

export class ImageNotFound extends Failure<ImageNotFound>()("ImageNotFound", {
  exitCode: "noInput",
  fields: { image: Schema.String, found: Schema.String },
  message: ({ found, image }) =>
    `cannot read ${image}: found ${found}, expected a PNG, JPEG or WebP file, a folder of them, or - for standard input`,
}) {}

export class ImageFileTooLarge extends Failure<ImageFileTooLarge>()("ImageFileTooLarge", {
  exitCode: "dataError",
  fields: { image: Schema.String, sizeBytes: Schema.Finite },
  message: ({ image, sizeBytes }) =>
    `${image} is too large: found ${(sizeBytes / 2 ** 20).toFixed(0)} MiB or more, expected at most ${maxBytes / 2 ** 20}; shrink it`,
}) {}

export interface ImageSource {
  /** The name in messages and results. */
  readonly image: string
  readonly read: Effect.Effect<
    Uint8Array,
    ImageNotFound | ImageFileTooLarge | StorageFailed,
    FileSystem.FileSystem | Stdio.Stdio
  >
}

const readFile = Effect.fnUntraced(function* (image: string) {
  const sizeBytes = yield* files.sizeBytes(image)
  if (sizeBytes > maxBytes) return yield* new ImageFileTooLarge({ image, sizeBytes })
  return yield* files.read(image)
})

const readStandardInput = Effect.fnUntraced(function* (image: string) {
  const stdio = yield* Stdio.Stdio
  const chunks: Array<Uint8Array> = []
  let sizeBytes = 0
  yield* stdio.stdin.pipe(
    Stream.orDie,
    Stream.runForEach((chunk) =>
      Effect.suspend(() => {
        chunks.push(chunk)
        sizeBytes += chunk.length
        return sizeBytes > maxBytes ? new ImageFileTooLarge({ image, sizeBytes }) : Effect.void
      }),
    ),
  )
  return new Uint8Array(Buffer.concat(chunks))
})

interface Found {
  readonly sources: ReadonlyArray<ImageSource>
  /** The number of hidden images in folders. */
  readonly hidden: number
}

const one = (image: string, read: ImageSource["read"]): Found => ({ sources: [{ image, read }], hidden: 0 })

const notFound = (image: string, found: string) =>
  one(image, Effect.fail(new ImageNotFound({ image, found })))

const inFolder = Effect.fnUntraced(function* (folder: string) {
  const paths = yield* Path.Path
  const images = (yield* files.list(folder)).filter((name) => imageName.test(name))
  if (paths.basename(paths.resolve(folder)) === hiddenFolder) return { sources: [], hidden: images.length }
  const shown = images.filter((name) => !isHidden(name))
  if (images.length === 0) return notFound(folder, "a folder without images")
  const sources = shown.map((name) => {
    const image = paths.join(folder, name)
    return { image, read: readFile(image) }
  })
  return { sources, hidden: images.length - shown.length }
})

const expand = Effect.fnUntraced(function* (
  argument: string,
): Effect.fn.Return<Found, StorageFailed, FileSystem.FileSystem | Path.Path> {
  if (argument === "-") return one("standard input", readStandardInput("standard input"))
  const fs = yield* FileSystem.FileSystem
  const info = yield* fs.stat(argument).pipe(Effect.option)
  if (info._tag === "None") return notFound(argument, "no such file")
  if (info.value.type === "File") return one(argument, readFile(argument))
  if (info.value.type !== "Directory") return notFound(argument, "neither a file nor a folder")
  return yield* inFolder(argument)
})

/** A file that is named is read even if it is hidden. */
export const imageSources = Effect.fn("imageSources")(function* (given: ReadonlyArray<string>) {
  const found = yield* Effect.forEach(given, expand)
  const sources = found.flatMap((each) => each.sources)
  const hidden = found.reduce((sum, each) => sum + each.hidden, 0)
  return sources.length > 0
    ? { sources, hidden }
    : { sources: notFound(given.join(", "), "only hidden files, which are skipped").sources, hidden }
})
