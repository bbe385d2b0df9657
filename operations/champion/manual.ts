/**
 * Manual changes of the champion: promote a run without the gate, or roll back to the previous champion.
 */
import { DateTime, Effect, Schema } from "effect"
import type { ChampionEvent } from "../../schemas/Champion.ts"
import { Failure } from "../../schemas/Failure.ts"
import { changeChampion, earlierChampion } from "../../storage/champions.ts"
import type { Run } from "../../storage/runDirectory.ts"
import { candidateReport } from "./candidate.ts"

/** There is no champion to roll back to. */
export class NoEarlierChampion extends Failure<NoEarlierChampion>()("NoEarlierChampion", {
  exitCode: "noInput",
  fields: { experiment: Schema.String, champion: Schema.NullOr(Schema.String) },
  message: ({ champion, experiment }) =>
    champion === null
      ? `cannot roll back ${experiment}: it has no champion; list champions with \`pnpm pipeline champion\``
      : `cannot roll back ${experiment}: no champion before ${champion} still has its run; choose a run with \`pnpm pipeline promote RUN\``,
}) {}

const nowIso = Effect.map(DateTime.now, DateTime.formatIso)

export const promoteRun = Effect.fn("promoteRun")(function* (
  runsDir: string,
  run: Run,
  reason: string | null,
) {
  yield* candidateReport(runsDir, run)
  const experiment = run.identity.experiment.name
  let before: string | undefined
  yield* changeChampion(runsDir, experiment, (champion) =>
    Effect.map(nowIso, (at): ChampionEvent | undefined => {
      before = champion
      if (champion === run.identity.id) return undefined
      return { kind: "promoted", at, experiment, run: run.identity.id, before: champion ?? null, reason }
    }),
  )
  return { experiment, run: run.identity.id, before: before ?? null }
})

export const rollBack = Effect.fn("rollBack")(function* (
  runsDir: string,
  experiment: string,
  reason: string | null,
) {
  let result = { experiment, run: "", before: "" }
  yield* changeChampion(runsDir, experiment, (champion, history) =>
    Effect.gen(function* () {
      const run = yield* earlierChampion(runsDir, history, champion)
      if (champion === undefined || run === undefined) {
        return yield* new NoEarlierChampion({ experiment, champion: champion ?? null })
      }
      result = { experiment, run, before: champion }
      const event: ChampionEvent = {
        kind: "rolledBack",
        at: yield* nowIso,
        experiment,
        run,
        before: champion,
        reason,
      }
      return event
    }),
  )
  return result
})
