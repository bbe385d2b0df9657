/**
 * The runs a run was forked from: its weights have met what they were trained on, not only its own files.
 *
 * A fork has its parent's split, so of the same files it is tested on what no ancestor has learnt. Of other files it is not
 * sure: an image may have moved from one set to the other.
 */
import { Effect, Path, Schema } from "effect"
import type { FetchedDataset } from "../../schemas/Dataset.ts"
import { Failure } from "../../schemas/Failure.ts"
import type { Parent } from "../../schemas/Run.ts"
import type { ResidentDataset } from "../../stages/dataset/load.ts"
import type { SplitIndices } from "../../stages/dataset/split.ts"
import { readRun, type Run } from "../../storage/runDirectory.ts"
import type { CurrentRun } from "../CurrentRun.ts"
import { readFetched } from "../../storage/stageRecords.ts"
import { findUnseenByRun, haveSameImages } from "./leakage.ts"

/** What an ancestor was trained on cannot be known. */
export class AncestorLost extends Failure<AncestorLost>()("AncestorLost", {
  exitCode: "dataError",
  fields: { run: Schema.String, problem: Schema.String },
  message: ({ problem, run }) => `${run}, which it was forked from: ${problem}`,
}) {}

/** The test would say how well a run remembers, not how good it is. */
export class TestLearnt extends Failure<TestLearnt>()("TestLearnt", {
  exitCode: "dataError",
  fields: { ancestor: Schema.String, learnt: Schema.Int, examples: Schema.Int, duplicates: Schema.Int },
  message: ({ ancestor, duplicates, examples, learnt }) => {
    const most = duplicates === 0 ? "none" : `at most the ${duplicates} that are in its own train set too`
    return `the test set holds images that ${ancestor}, which the run was forked from, has learnt: found ${learnt} of ${examples}, expected ${most}; train it from the beginning, without --from`
  },
}) {}

/** Beside the run that was forked from it, or where it was then. */
const readParent = Effect.fnUntraced(function* (runsDir: string, { path, run: id }: Parent) {
  const paths = yield* Path.Path
  const beside = readRun(paths.join(runsDir, id))
  const parent = path === undefined ? beside : Effect.catch(beside, () => readRun(path))
  return yield* Effect.mapError(parent, ({ message }) => new AncestorLost({ run: id, problem: message }))
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
      return yield* new AncestorLost({ run: parent.run, problem: "it has no record of its dataset" })
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
  dataset: ResidentDataset,
  indices: Uint32Array,
) {
  const parents = yield* readLineage(run.path, run.identity.parent, own)
  let unseen = yield* findUnseenByRun(run, own, fetched, dataset, indices)
  for (const { own, run } of parents) unseen = yield* findUnseenByRun(run, own, fetched, dataset, unseen)
  return unseen
})

/**
 * Whether a fork can be tested on its files: fails where test images have been learnt by an ancestor, but for as many as are
 * in the fork's own train set too. What cannot be known is warned of, and so are validation images that have been learnt.
 */
export const checkForkedTest = Effect.fn("checkForkedTest")(
  function* (
    run: CurrentRun["Service"],
    fetched: FetchedDataset,
    dataset: ResidentDataset,
    { test, validation }: SplitIndices,
    duplicates: number,
  ) {
    for (const { own, run: ancestor } of yield* readLineage(run.path, run.parent, fetched)) {
      const { id } = ancestor.identity
      const unseen = yield* findUnseenByRun(
        ancestor,
        own,
        fetched,
        dataset,
        Uint32Array.from([...test, ...validation]),
      )
      const isUnseen = new Set(unseen)
      const learntOf = (indices: Uint32Array) => indices.filter((index) => !isUnseen.has(index)).length
      const learnt = learntOf(test)
      if (learnt > duplicates) {
        return yield* new TestLearnt({ ancestor: id, learnt, examples: test.length, duplicates })
      }
      const known = learntOf(validation)
      if (known > 0) {
        yield* Effect.logWarning(
          `${known} of ${validation.length} validation images are among those that ${id}, which this run was forked from, was trained and validated on: errors on them are too low`,
        )
      }
    }
  },
  (effect) =>
    Effect.catchIf(
      effect,
      (error) => error._tag !== "TestLearnt",
      ({ message }) =>
        Effect.logWarning(
          `whether test images have been learnt before cannot be told: ${message.split("\n", 1)[0]}`,
        ),
    ),
)
