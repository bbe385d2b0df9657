/**
 * The lineage of a fork: its parent, the parent's parent and so on. The weights of a fork were trained on their data, too.
 *
 * A fork keeps its parent's split, so with the same files its test set is unseen by the whole lineage. With other files, a
 * training image may have moved into the test set.
 */
import { Effect, Path, Schema } from "effect"
import type { FetchedDataset } from "../../schemas/experiment/Dataset.ts"
import { Failure } from "../../schemas/Failure.ts"
import type { Parent } from "../../schemas/Run.ts"
import type { LoadedDataset } from "../../stages/dataset/load.ts"
import type { SplitIndices } from "../../stages/dataset/split.ts"
import { readRun, type Run } from "../../storage/runDirectory.ts"
import type { CurrentRun } from "../CurrentRun.ts"
import { readFetched } from "../../storage/stageRecords.ts"
import { findUnseenByRun, haveSameImages } from "./leakage.ts"

/** Without the parent's records, its training examples are unknown. */
export class ParentUnreadable extends Failure<ParentUnreadable>()("ParentUnreadable", {
  exitCode: "dataError",
  fields: { run: Schema.String, problem: Schema.String },
  message: ({ problem, run }) => `cannot read the parent ${run}: ${problem}`,
}) {}

const relationOf = (isParent: boolean) => (isParent ? "the parent of this run" : "in the lineage of this run")

/** The test error would measure memory, not generalization. */
export class TestSetLeakage extends Failure<TestSetLeakage>()("TestSetLeakage", {
  exitCode: "dataError",
  fields: {
    run: Schema.String,
    /** Whether that run is the parent itself or a parent's parent. */
    isParent: Schema.Boolean,
    /** Test images that are among its training and validation images. */
    seen: Schema.Int,
    examples: Schema.Int,
    /** Test images that are in the fork's own training set, too. */
    duplicates: Schema.Int,
  },
  message: ({ duplicates, examples, isParent, run, seen }) => {
    const expected =
      duplicates === 0 ? "" : `, expected at most the ${duplicates} that are in this run's own training set`
    return `test-set leakage: ${run}, ${relationOf(isParent)}, was trained on ${seen} of the ${examples} test images${expected}; train from scratch, without --from`
  },
}) {}

/** The parent's directory: next to the fork's own, or where it was when the run was forked. */
const readParent = Effect.fnUntraced(function* (runsDir: string, { path, run: id }: Parent) {
  const paths = yield* Path.Path
  const inRunsDir = readRun(paths.join(runsDir, id))
  const parent = path === undefined ? inRunsDir : Effect.catch(inRunsDir, () => readRun(path))
  return yield* Effect.mapError(parent, ({ message }) => new ParentUnreadable({ run: id, problem: message }))
})

/**
 * The parent of a run, its parent and so on, each with the files that it was trained on. The whole lineage has one split, so
 * parents with the same images as `fetched` or as a nearer parent are skipped.
 */
const readLineage = Effect.fnUntraced(function* (
  runPath: string,
  nearest: Parent | undefined,
  fetched: FetchedDataset,
) {
  const runsDir = (yield* Path.Path).dirname(runPath)
  const found: Array<{ readonly run: Run; readonly own: FetchedDataset }> = []
  for (let parent = nearest; parent !== undefined;) {
    const run = yield* readParent(runsDir, parent)
    const own = yield* readFetched(run.path)
    if (own === undefined) {
      return yield* new ParentUnreadable({
        run: parent.run,
        problem: "stages/fetch.json is missing or damaged",
      })
    }
    const isKnown = [fetched, ...found.map(({ own }) => own)].some((other) => haveSameImages(own, other))
    if (!isKnown) found.push({ run, own })
    parent = run.identity.parent
  }
  return found
})

/** Like `findUnseenByRun`, for a run and its whole lineage. */
export const findUnseenByLineage = Effect.fn("findUnseenByLineage")(function* (
  run: Run,
  own: FetchedDataset,
  fetched: FetchedDataset,
  dataset: LoadedDataset,
  indices: Uint32Array,
) {
  const parents = yield* readLineage(run.path, run.identity.parent, own)
  let unseen = yield* findUnseenByRun(run, own, fetched, dataset, indices)
  for (const { own, run } of parents) unseen = yield* findUnseenByRun(run, own, fetched, dataset, unseen)
  return unseen
})

/** A fork's classes have other names than those of its parent, which its weights were trained for. */
export class ParentClassesDiffer extends Failure<ParentClassesDiffer>()("ParentClassesDiffer", {
  exitCode: "dataError",
  fields: { run: Schema.String, found: Schema.String, expected: Schema.String },
  message: ({ expected, found, run }) =>
    `the classes are not those of ${run}, the parent of this run: found ${found}, expected ${expected}; list the same names in the same order in dataset.classes, or train from scratch, without --from`,
}) {}

/** Fails if a fork and its parent have recorded different names of classes. A parent that cannot be read is no error here. */
export const checkParentClasses = Effect.fn("checkParentClasses")(function* (
  run: CurrentRun["Service"],
  names: ReadonlyArray<string> | undefined,
) {
  if (run.parent === undefined || names === undefined) return
  const runsDir = (yield* Path.Path).dirname(run.path)
  const parent = yield* readParent(runsDir, run.parent).pipe(Effect.orElseSucceed(() => undefined))
  const before = parent === undefined ? undefined : (yield* readFetched(parent.path))?.classNames
  if (before === undefined || before.join("\0") === names.join("\0")) return
  return yield* new ParentClassesDiffer({
    run: run.parent.run,
    found: names.join(", "),
    expected: before.join(", "),
  })
})

/**
 * Fails if the test set of a fork has images that its lineage was trained or validated on, beyond as many as are in the fork's
 * own training set. Warns of validation images that the lineage was trained or validated on, and if the lineage is unreadable.
 */
export const checkLeakage = Effect.fn("checkLeakage")(
  function* (
    run: CurrentRun["Service"],
    fetched: FetchedDataset,
    dataset: LoadedDataset,
    { test, validation }: SplitIndices,
    duplicates: number,
  ) {
    const indices = Uint32Array.from([...test, ...validation])
    for (const { own, run: parent } of yield* readLineage(run.path, run.parent, fetched)) {
      const { id } = parent.identity
      const isParent = id === run.parent?.run
      const unseen = new Set(yield* findUnseenByRun(parent, own, fetched, dataset, indices))
      const countSeen = (indices: Uint32Array) => indices.filter((index) => !unseen.has(index)).length
      const seen = countSeen(test)
      if (seen > duplicates) {
        return yield* new TestSetLeakage({ run: id, isParent, seen, examples: test.length, duplicates })
      }
      const validated = countSeen(validation)
      if (validated > 0) {
        yield* Effect.logWarning(
          `validation-set leakage: ${id}, ${relationOf(isParent)}, was trained or validated on ${validated} of the ${validation.length} validation images, so the validation error is too low`,
        )
      }
    }
  },
  (effect) =>
    Effect.catchIf(
      effect,
      (error) => error._tag !== "TestSetLeakage",
      ({ message }) => Effect.logWarning(`cannot check for test-set leakage: ${message.split("\n", 1)[0]}`),
    ),
)
