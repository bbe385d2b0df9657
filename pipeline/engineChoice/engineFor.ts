/**
 * The engine of a new run: (experiment, engine that was asked for, threads) -> Layer of Engine, and of `ChosenEngine` if `auto`
 * was asked for and there was a choice.
 */
import { Context, Effect, Layer } from "effect"
import type { Engine, EngineNotAvailable } from "../../engines/Engine.ts"
import { type EngineOptions, selectEngine } from "../../engines/select.ts"
import { describeChoice } from "../../format/describeChoice.ts"
import type { EngineChoice } from "../../schemas/EngineChoice.ts"
import { type EngineName, isAnyEngine } from "../../schemas/EngineInfo.ts"
import type { Experiment } from "../../schemas/experiment/Experiment.ts"
import { programOf } from "../programOf.ts"
import { chooseEngine } from "./chooseEngine.ts"

/** Why the current engine was chosen; undefined if there was no choice. A new run records it. */
export const ChosenEngine = Context.Reference<EngineChoice | undefined>("tidemark/pipeline/ChosenEngine", {
  defaultValue: () => undefined,
})

export interface EngineForOptions extends Pick<EngineOptions, "threads"> {
  /** The choice that was made for all runs of an ensemble or a sweep. */
  readonly choice?: EngineChoice | undefined
}

export const engineFor = (
  experiment: Experiment,
  name: EngineName,
  { choice, ...options }: EngineForOptions = {},
): Layer.Layer<Engine, EngineNotAvailable> => {
  const measurable = { program: programOf(experiment), ...options }
  if (!isAnyEngine(name)) return selectEngine(name, measurable)
  const made = choice === undefined ? chooseEngine(experiment, options) : Effect.succeed(choice)
  return Layer.unwrap(
    Effect.map(made, (chosen) => {
      if (chosen === undefined) return selectEngine(name, measurable)
      const preferred = { engine: chosen.engine, reason: describeChoice(chosen) }
      const engine = selectEngine(name, { ...measurable, preferred })
      return Layer.merge(engine, Layer.succeed(ChosenEngine, chosen))
    }),
  )
}
