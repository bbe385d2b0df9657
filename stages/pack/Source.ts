/**
 * What every kind of dataset is read as: a list of examples whose images are in files, or whole arrays.
 *
 * `train` and `test` are in the order of the packed arrays.
 */
import type { ImageCounts } from "../../schemas/experiment/Dataset.ts"
import type { ImageSink } from "./imageSink.ts"
import type { SourceFiles } from "./sourceFiles.ts"
import type { SourceProblem } from "./SourceInvalid.ts"

export const sets = ["train", "test"] as const
export type SetName = (typeof sets)[number]

export interface ImageEntry {
  /** Where the image is in the files of the list. */
  readonly file: string
  /** As it is shown: relative to the working folder, or as it is written in a manifest. */
  readonly name: string
  /** The name of its class. */
  readonly label: string
  readonly group?: string
}

/** Images in files. */
export interface ImageList {
  readonly files: SourceFiles
  readonly train: ReadonlyArray<ImageEntry>
  readonly test: ReadonlyArray<ImageEntry>
  /** Classes that may have no image: those of empty folders. */
  readonly classes: ReadonlyArray<string>
  readonly problems: ReadonlyArray<SourceProblem>
  readonly skipped: number
}

/** Examples: images of one byte a pixel, channels last, in a file of the cache, and the name of each one's class. */
export interface ArraySet {
  readonly images: ImageSink
  readonly labels: ReadonlyArray<string>
  readonly names: ReadonlyArray<string>
  readonly groups?: ReadonlyArray<string>
}

export interface ArraySource {
  readonly train: ArraySet
  readonly test: ArraySet
  readonly sources: number
  readonly skipped: number
  readonly excluded: ReadonlyArray<SourceProblem & { readonly sha256: string | null }>
  readonly images: ImageCounts
}

/** A set without examples. */
export const noExamples = (images: ImageSink): ArraySet => ({ images, labels: [], names: [] })
