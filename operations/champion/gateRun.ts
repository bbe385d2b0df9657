/**
 * A finished run at the gate: (runs folder, run) -> champion, or challenger with the reasons. The verdict is
 * recorded.
 *
 * The gate of the stored experiment applies. What takes long is done before other writers are locked out; the
 * comparison itself is made while nobody else can change the champion.
 */
import { DateTime, Effect, Path, Result, Schema } from "effect"
import type { EngineName } from "../../schemas/EngineInfo.ts"
import type { ChampionEvent, GateResult } from "../../schemas/Champion.ts"
import { Gate } from "../../schemas/experiment/Gate.ts"
import { changeChampion } from "../../storage/champions.ts"
import { readFetched } from "../../storage/stageRecords.ts"
import { readRun, type Run } from "../../storage/runDirectory.ts"
import { candidateReport } from "./candidate.ts"
import { comparePaired } from "./comparePaired.ts"
import { judge, type Opponent } from "./judge.ts"
import { areIdentical, type KeyedPredictions, readKeyedPredictions } from "./keyedPredictions.ts"
import { measureLatency, predictTestSplit } from "./modelOnEngine.ts"

const defaultGate = Schema.decodeSync(Gate)({})

interface Challenger {
  readonly run: Run
  readonly gate: Gate
  readonly predictions: Result.Result<KeyedPredictions, string>
  readonly engine: EngineName | undefined
}

const untested = (problem: string): Opponent => ({ kind: "untested", problem })

/**
 * The champion's predictions for the challenger's test split: the recorded ones, or new ones if the test data
 * changed.
 */
const predictionsOf = Effect.fnUntraced(function* (
  champion: Run,
  { engine, run }: Challenger,
  recorded: KeyedPredictions,
  challenger: KeyedPredictions,
) {
  const keys = new Set(recorded.keys)
  const common = challenger.keys.filter((key) => keys.has(key)).length
  return 2 * common < challenger.keys.length
    ? yield* predictTestSplit(champion, run, engine)
    : Result.succeed(recorded)
})

/** How the classes of two runs differ, if both have recorded names: label 3 of one is not label 3 of the other. */
const otherClassNames = Effect.fnUntraced(function* (champion: string, challenger: string) {
  const [before, after] = [yield* readFetched(champion), yield* readFetched(challenger)]
  const at = before?.classNames?.findIndex((name, label) => name !== after?.classNames?.[label]) ?? -1
  if (at < 0 || before?.classNames === undefined || after?.classNames === undefined) return undefined
  return `its classes have other names: found ${JSON.stringify(before.classNames[at])} for label ${at}, expected ${JSON.stringify(after.classNames[at])}`
})

const compareWithChampion = Effect.fnUntraced(
  function* (championPath: string, challenger: Challenger) {
    const champion = yield* readRun(championPath)
    const recorded = yield* readKeyedPredictions(champion.path)
    const { gate, predictions } = challenger
    const other = yield* otherClassNames(champion.path, challenger.run.path)
    if (other !== undefined) return untested(other)
    if (Result.isFailure(predictions)) return untested(predictions.failure)
    if (Result.isFailure(recorded)) return untested(recorded.failure)
    if (areIdentical(recorded.success, predictions.success)) return { kind: "same" } as Opponent
    const known = yield* predictionsOf(champion, challenger, recorded.success, predictions.success)
    const test = Result.flatMap(known, (known) => comparePaired(gate, known, predictions.success))
    return Result.isFailure(test)
      ? untested(test.failure)
      : ({ kind: "tested", test: test.success } as Opponent)
  },
  // A champion that cannot be read stays champion: only a person decides to replace it without a comparison.
  (effect) => Effect.catch(effect, (error) => Effect.succeed(untested(error.message.split("\n", 1)[0]))),
)

const resultOf = (event: ChampionEvent): GateResult => ({
  experiment: event.experiment,
  run: event.run,
  champion: event.kind !== "challenger",
  before: event.before,
  reasons: "verdict" in event ? event.verdict.reasons : ["promoted manually"],
  verdict: "verdict" in event ? event.verdict : null,
})

/**
 * The verdict that still holds: a schedule that was killed after the gate judges again, and must not record it twice. A
 * challenger that was trained further since then is another model; a champion is never trained further.
 */
const earlierVerdict = (
  { attempts, identity }: Run,
  champion: string | undefined,
  history: ReadonlyArray<ChampionEvent>,
) => {
  const earlier = history.findLast((event) => event.run === identity.id)
  if (earlier === undefined || champion === identity.id) return earlier
  const trainedUntil = attempts.at(-1)?.outcome?.endedAt ?? ""
  return earlier === history.at(-1) && earlier.at > trainedUntil ? earlier : undefined
}

export const gateRun = Effect.fn("gateRun")(function* (runsDir: string, run: Run, engine?: EngineName) {
  const paths = yield* Path.Path
  const report = yield* candidateReport(runsDir, run)
  const { gate = defaultGate, name } = run.identity.experiment
  const latencyMs = gate.mostLatencyMs === undefined ? null : yield* measureLatency(run, engine)
  const challenger = { run, gate, engine, predictions: yield* readKeyedPredictions(run.path) }
  return yield* changeChampion(runsDir, name, (champion, history) =>
    Effect.gen(function* () {
      const earlier = earlierVerdict(run, champion, history)
      if (earlier !== undefined) return { event: undefined, value: resultOf(earlier) }
      const opponent: Opponent =
        champion === undefined || champion === run.identity.id
          ? { kind: "none" }
          : yield* compareWithChampion(paths.join(runsDir, champion), challenger)
      const verdict = judge(gate, report, latencyMs, opponent)
      const event: ChampionEvent = {
        kind: verdict.passed ? "passed" : "challenger",
        at: DateTime.formatIso(yield* DateTime.now),
        experiment: name,
        run: run.identity.id,
        before: champion ?? null,
        verdict,
      }
      return { event, value: resultOf(event) }
    }),
  )
})
