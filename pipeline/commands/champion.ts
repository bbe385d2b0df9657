/** `pipeline champion [EXPERIMENT]`: the best model of each experiment, and how it came to be that. */
import { Console, Effect, Option } from "effect"
import { Argument, Command } from "effect/cli"
import type { ChampionEvent } from "../../schemas/Champion.ts"
import { ChampionNotFound, listChampions, readChampionHistory } from "../../storage/champions.ts"
import { table } from "../table.ts"
import { json, runsDir } from "./flags.ts"

const experiment = Argument.String("experiment").pipe(
  Argument.withDescription("The experiment's name; without it, every experiment that has a champion"),
  Argument.optional,
)

const words = {
  passed: "champion",
  challenger: "challenger",
  promoted: "promoted",
  rolledBack: "rolled back",
}

const why = (event: ChampionEvent) =>
  "verdict" in event ? event.verdict.reasons.join("; ") : (event.reason ?? "by hand")

const row = (event: ChampionEvent) => [
  event.at.slice(0, 19).replace("T", " "),
  words[event.kind],
  event.run,
  why(event),
]

export const champion = Command.make(
  "champion",
  { experiment, runsDir, json },
  Effect.fn("champion")(function* ({ experiment, json, runsDir }) {
    const all = yield* listChampions(runsDir)
    const name = Option.getOrUndefined(experiment)
    const history = yield* readChampionHistory(runsDir, name)
    const champions = all.filter((one) => name === undefined || one.experiment === name)
    if (json) {
      return yield* Console.log(
        JSON.stringify(name === undefined ? champions : { champions, history }, null, 2),
      )
    }
    if (name === undefined) {
      if (all.length === 0) {
        return yield* Console.log(`no champions in ${runsDir}; \`pipeline promote RUN\` makes one`)
      }
      const since = (run: string) =>
        history.findLast((event) => event.run === run && event.kind !== "challenger")
      const cells = champions.map(({ experiment, run }) => {
        const event = since(run)
        return [
          experiment,
          run,
          event === undefined ? "" : event.at.slice(0, 10),
          event === undefined ? "" : why(event),
        ]
      })
      return yield* Console.log(table(["experiment", "champion", "since", "why"], cells, 4))
    }
    if (champions.length === 0 && history.length === 0) {
      return yield* new ChampionNotFound({ experiment: name, runsDir, run: null })
    }
    yield* Console.log(champions.length === 0 ? `${name} has no champion` : `${name}: ${champions[0].run}`)
    yield* Console.log(`\n${table(["when (UTC)", "", "run", "why"], history.map(row), 4)}`)
  }),
).pipe(
  Command.withDescription("Show the best model of each experiment, and how it came to be that"),
  Command.withExamples([
    { command: "pipeline champion", description: "Every experiment's" },
    { command: "pipeline champion cnn", description: "One experiment's, with its history" },
    {
      command: "pipeline show champion:cnn",
      description: "Its report: any command that takes a run takes it",
    },
  ]),
)
