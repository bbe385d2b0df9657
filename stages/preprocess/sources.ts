/**
 * Finds the images of a command line: (paths, folders, `-`) -> the name of each image and an effect that reads it or fails.
 *
 * A folder means the images directly in it, sorted by name. Sizes are checked before a file is read.
 */
import { Effect, FileSystem, Path, Schema, Stdio, Stream } from "effect"
import { Failure } from "../../schemas/Failure.ts"
import * as files from "../../storage/files.ts"
import { type StorageFailed } from "../../storage/StorageFailed.ts"

/** The largest file. Phones write 5 to 25 MB. */
const maxBytes = 100 * 2 ** 20
const imageName = /\.(?:png|jpe?g|webp)$/i

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

const notFound = (image: string, found: string): ImageSource => ({
  image,
  read: Effect.fail(new ImageNotFound({ image, found })),
})

const expand = Effect.fnUntraced(function* (
  argument: string,
): Effect.fn.Return<ReadonlyArray<ImageSource>, StorageFailed, FileSystem.FileSystem | Path.Path> {
  if (argument === "-") return [{ image: "standard input", read: readStandardInput("standard input") }]
  const fs = yield* FileSystem.FileSystem
  const paths = yield* Path.Path
  const info = yield* fs.stat(argument).pipe(Effect.option)
  if (info._tag === "None") return [notFound(argument, "no such file")]
  if (info.value.type === "File") return [{ image: argument, read: readFile(argument) }]
  if (info.value.type !== "Directory") return [notFound(argument, "neither a file nor a folder")]
  const images = (yield* files.list(argument)).filter((name) => imageName.test(name))
  if (images.length === 0) return [notFound(argument, "a folder without images")]
  return images.map((name) => {
    const image = paths.join(argument, name)
    return { image, read: readFile(image) }
  })
})

export const imageSources = Effect.fn("imageSources")(function* (given: ReadonlyArray<string>) {
  return (yield* Effect.forEach(given, expand)).flat()
})
