/**
 * A dataset with one folder for each class: (train folder, test folder) -> its images and classes.
 *
 * Hidden files and the folders of systems and tools are skipped and counted: elsewhere a hidden folder became class 0.
 * Examples are in the order of their path within the class, then of the class, so that file names can carry an order that
 * another format of the same data has.
 */
import { createHash } from "node:crypto"
import { Effect, Path } from "effect"
import { byCodePoint } from "./codePoints.ts"
import type { ImageEntry, ImageList, SetName } from "./Source.ts"
import type { SourceFiles } from "./sourceFiles.ts"
import { SourceNotFound, type SourceProblem } from "./SourceInvalid.ts"

const namesToSkip = new Set(["__MACOSX", "Thumbs.db", "ehthumbs.db", "desktop.ini", "@eaDir"])

/** Dot files include `.DS_Store`, `._1.png` and `.ipynb_checkpoints`. */
export const isSkipped = (name: string) => name.startsWith(".") || namesToSkip.has(name)

const listSet = Effect.fnUntraced(function* (
  files: SourceFiles,
  dataset: string,
  set: SetName,
  folder: string,
) {
  const paths = yield* Path.Path
  const tree = yield* files.list(folder, isSkipped).pipe(
    Effect.catchIf(
      ({ code }) => code === "ENOENT" || code === "ENOTDIR",
      () =>
        Effect.fail(
          new SourceNotFound({
            dataset,
            field: set,
            path: folder,
            expected: "a folder that has one folder for each class",
            start: files.start,
          }),
        ),
    ),
  )
  const problems: Array<SourceProblem> = tree.refused.map(({ path, reason }) => ({
    path: paths.join(folder, path),
    reason: `found ${reason}, expected a file`,
  }))
  const entries: Array<ImageEntry & { readonly within: string }> = []
  const versions = createHash("sha256")
  for (const { changedMs, modifiedMs, path, sizeBytes } of tree.files.toSorted((a, b) =>
    byCodePoint(a.path, b.path),
  )) {
    versions.update(`${path}\0${sizeBytes}\0${modifiedMs}\0${changedMs}\n`)
    const slash = path.indexOf("/")
    const name = paths.join(folder, path)
    if (slash < 0) {
      problems.push({ path: name, reason: "found a file outside the folders of the classes" })
      continue
    }
    entries.push({
      file: name,
      name,
      label: path.slice(0, slash),
      within: path.slice(slash + 1),
    })
  }
  versions.update(JSON.stringify([tree.folders.toSorted(byCodePoint), tree.refused, tree.skipped]))
  entries.sort((a, b) => byCodePoint(a.within, b.within) || byCodePoint(a.label, b.label))
  return { entries, problems, classes: tree.folders, skipped: tree.skipped, versions: versions.digest("hex") }
})

/** `versions`: a digest of path, size and times of every file. */
export const listFolders = Effect.fn("listFolders")(function* (
  files: SourceFiles,
  dataset: string,
  folders: { readonly train: string; readonly test?: string },
) {
  const train = yield* listSet(files, dataset, "train", folders.train)
  const test = folders.test === undefined ? undefined : yield* listSet(files, dataset, "test", folders.test)
  const list: ImageList = {
    files,
    train: train.entries,
    test: test?.entries ?? [],
    classes: [...train.classes, ...(test?.classes ?? [])],
    problems: [...train.problems, ...(test?.problems ?? [])],
    skipped: train.skipped + (test?.skipped ?? 0),
  }
  return { list, versions: [train.versions, test?.versions ?? ""].join() }
})
