/**
 * A finished run at the gate: (runs folder, run) -> champion, or challenger with the reasons; recorded either way.
 *
 * Judged by the gate of the experiment that the run stores. What takes long is done before other writers are kept out;
 * the comparison itself is made while nobody else can move the champion.
 */
import { DateTime, Effect, Path, Result, Schema } from "effect"
import type { EngineName } from "../../schemas/EngineInfo.ts"
import type { ChampionEvent, GateResult } from "../../schemas/Champion.ts"
import { Gate } from "../../schemas/Gate.ts"
import { changeChampion } from "../../storage/champions.ts"
import { readRun, type Run } from "../../storage/runDirectory.ts"
import { type Answers, readAnswers } from "./predictionsOf.ts"
import { candidateReport } from "./candidate.ts"
import { judge, type Opponent } from "./judge.ts"
import { answerTestOf, measureLatency } from "./ModelOnEngine.ts"
import { pairedTest, sameAnswers } from "./comparePaired.ts"

/** The gate of an experiment that states none. */
const usualGate = Schema.decodeSync(Gate)({})

/** How the champion at `id` compares with a challenger. */
const oppose = Effect.fnUntraced(
  function* (
    gate: Gate,
    runsDir: string,
    id: string,
    run: Run,
    challenger: Result.Result<Answers, string>,
    engine: EngineName | undefined,
  ) {
    const paths = yield* Path.Path
    const untested = (problem: string): Opponent => ({ kind: "untested", problem })
    const champion = yield* readRun(paths.join(runsDir, id))
    const recorded = yield* readAnswers(champion.path)
    if (Result.isFailure(challenger)) return untested(challenger.failure)
    if (Result.isFailure(recorded)) return untested(recorded.failure)
    if (sameAnswers(recorded.success, challenger.success)) return { kind: "same" } as Opponent
    // Fewer than half in common: the test data changed, and the champion has to answer the new ones.
    const keys = new Set(recorded.success.keys)
    const common = challenger.success.keys.filter((key) => keys.has(key)).length
    const anew = 2 * common < challenger.success.keys.length
    const answers = anew ? yield* answerTestOf(champion, run, engine) : recorded
    const test = Result.flatMap(answers, (known) => pairedTest(gate, known, challenger.success))
    return Result.isFailure(test)
      ? untested(test.failure)
      : ({ kind: "tested", test: test.success } as Opponent)
  },
  // A champion that cannot be looked at stays: replacing it unseen is for a person to decide.
  (effect) =>
    Effect.catch(effect, (error) =>
      Effect.succeed<Opponent>({ kind: "untested", problem: error.message.split("\n", 1)[0] }),
    ),
)

export const gateRun = Effect.fn("gateRun")(function* (runsDir: string, run: Run, engine?: EngineName) {
  const report = yield* candidateReport(runsDir, run)
  const { gate = usualGate, name } = run.identity.experiment
  const latencyMs = gate.mostLatencyMs === undefined ? null : yield* measureLatency(run, engine)
  const answers = yield* readAnswers(run.path)
  let result: GateResult | undefined
  const resultOf = (event: ChampionEvent): GateResult => ({
    experiment: name,
    run: event.run,
    champion: event.kind !== "challenger",
    before: event.before,
    reasons: "verdict" in event ? event.verdict.reasons : ["made champion by hand"],
    verdict: "verdict" in event ? event.verdict : null,
  })
  yield* changeChampion(runsDir, name, (champion, history) =>
    Effect.gen(function* () {
      // Answered before, as to a schedule that was killed after the gate: the same answer, and no second line.
      const earlier = history.findLast((event) => event.run === run.identity.id)
      // A challenger that was trained further since is another model, of whatever accuracy; a champion never is.
      const trainedUntil = run.attempts.at(-1)?.outcome?.endedAt ?? ""
      const isLast = earlier === history.at(-1) && earlier !== undefined && earlier.at > trainedUntil
      if (earlier !== undefined && (champion === run.identity.id || isLast)) {
        result = resultOf(earlier)
        return undefined
      }
      const opponent: Opponent =
        champion === undefined || champion === run.identity.id
          ? { kind: "none" }
          : yield* oppose(gate, runsDir, champion, run, answers, engine)
      const verdict = judge(gate, report, latencyMs, opponent)
      const event: ChampionEvent = {
        kind: verdict.passed ? "passed" : "challenger",
        at: DateTime.formatIso(yield* DateTime.now),
        experiment: name,
        run: run.identity.id,
        before: champion ?? null,
        verdict,
      }
      result = resultOf(event)
      return event
    }),
  )
  return result as GateResult
})
