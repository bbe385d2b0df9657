/** What is searched, and how: (view) -> the sections of the strategy and the space, and of what pruning saved. */
import { duration } from "../../format/duration.ts"
import { count } from "../../format/numbers.ts"
import { objectiveName } from "../../operations/sweep/describe.ts"
import { placesOf, showId } from "../../operations/sweep/space.ts"
import type { AnyParameter } from "../../schemas/sweep/Space.ts"
import type { SweepDefinition } from "../../schemas/Sweep.ts"
import { html } from "../page/html.ts"
import { code, facts, folded, paragraph, readableJson, type Section } from "../page/page.ts"
import { table } from "../page/tables.ts"
import type { SweepView } from "./SweepView.ts"
import { barrierTable } from "./trialTable.ts"

export const strategyNames: Readonly<Record<SweepDefinition["strategy"]["kind"], string>> = {
  grid: "grid",
  random: "random search",
  quasiRandom: "quasi-random search",
  halving: "successive halving",
  hyperband: "Hyperband",
  tpe: "tree-structured Parzen estimators",
}

const valuesOf = (parameter: AnyParameter): string => {
  switch (parameter.parameter) {
    case "choice":
      return `one of ${parameter.options.map((option) => JSON.stringify(option)).join(", ")}`
    case "integer":
      return `whole numbers from ${parameter.low} to ${parameter.high}`
    case "uniform":
      return `${parameter.low} to ${parameter.high}`
    case "logUniform":
      return `${parameter.low} to ${parameter.high}, on a logarithmic scale`
  }
}

export const setupSection = ({ definition }: SweepView): Section => {
  const { base, objective, retrain, seed, seeds, space, strategy } = definition
  const { kind, ...options } = strategy
  const optionTexts = Object.entries(options).map(([name, value]) => `${name} ${String(value)}`)
  return {
    id: "setup",
    title: "Setup",
    content: [
      facts([
        ["strategy", [strategyNames[kind], ...optionTexts].join(", ")],
        ["objective", `${objectiveName({ objective })}, on the validation split`],
        ["seeds of each trial", count(seeds)],
        ["trained again", `the best ${retrain.top}, with ${retrain.seeds} fresh seeds`],
        ["seed of the draws", String(seed)],
      ]),
      table({
        caption: "The space",
        columns: ["parameter", "values"],
        rows: placesOf(space).map(({ id, parameter }) => [
          html`<code>${showId(id)}</code>`,
          valuesOf(parameter),
        ]),
      }),
      folded("The base as JSON", code("The base as JSON", readableJson(base))),
    ],
  }
}

export const pruningSection = ({ definition, progress, savings }: SweepView): Section | null => {
  const barriers = barrierTable(definition, progress)
  if (barriers === null) return null
  const saved =
    savings === null
      ? null
      : facts([
          [
            "iterations",
            `${count(savings.iterations.trained)} trained, ${count(savings.iterations.saved)} saved`,
          ],
          [
            "time of training",
            `${duration(savings.seconds.trained)} spent, ${duration(savings.seconds.saved)} saved, if the pruned trials had kept their speed`,
          ],
          ...(savings.unknown === 0
            ? []
            : ([
                [
                  "without a time",
                  `${count(savings.unknown)} trainings: they have not begun, or their run is gone`,
                ],
              ] as const)),
        ])
  return {
    id: "pruning",
    title: "Pruning",
    content: [
      paragraph(
        "At each barrier the best trials are promoted. A promoted trial resumes from its checkpoint, so no iteration is computed twice.",
      ),
      barriers,
      saved,
    ],
  }
}
