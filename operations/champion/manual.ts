/**
 * Manual changes of the champion: promote a run without the gate, or roll back to the previous champion.
 */
import { DateTime, Effect, Schema } from "effect"
import type { ChampionEvent } from "../../schemas/Champion.ts"
import { Failure } from "../../schemas/Failure.ts"
import { changeChampion, earlierChampion } from "../../storage/champions.ts"
import type { Run } from "../../storage/runDirectory.ts"
import { candidateReport } from "./candidate.ts"
import { program } from "../../format/program.ts"

/** There is no champion to roll back to. */
export class NoEarlierChampion extends Failure<NoEarlierChampion>()("NoEarlierChampion", {
  exitCode: "noInput",
  fields: { experiment: Schema.String, champion: Schema.NullOr(Schema.String) },
  message: ({ champion, experiment }) =>
    champion === null
      ? `cannot roll back ${experiment}: it has no champion; list champions with \`${program} champion\``
      : `cannot roll back ${experiment}: no champion before ${champion} still has its run; choose a run with \`${program} promote RUN\``,
}) {}

const nowIso = Effect.map(DateTime.now, DateTime.formatIso)

export const promoteRun = Effect.fn("promoteRun")(function* (
  runsDir: string,
  run: Run,
  reason: string | null,
) {
  yield* candidateReport(runsDir, run)
  const { id } = run.identity
  const experiment = run.identity.experiment.name
  return yield* changeChampion(runsDir, experiment, (champion) =>
    Effect.map(nowIso, (at) => {
      const value = { experiment, run: id, before: champion ?? null }
      const event: ChampionEvent = { kind: "promoted", at, ...value, reason }
      return { event: champion === id ? undefined : event, value }
    }),
  )
})

export const rollBack = Effect.fn("rollBack")(function* (
  runsDir: string,
  experiment: string,
  reason: string | null,
) {
  return yield* changeChampion(runsDir, experiment, (champion, history) =>
    Effect.gen(function* () {
      const run = yield* earlierChampion(runsDir, history, champion)
      if (champion === undefined || run === undefined) {
        return yield* new NoEarlierChampion({ experiment, champion: champion ?? null })
      }
      const value = { experiment, run, before: champion }
      const event: ChampionEvent = { kind: "rolledBack", at: yield* nowIso, ...value, reason }
      return { event, value }
    }),
  )
})
