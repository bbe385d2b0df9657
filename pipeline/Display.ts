/**
 * What a person sees of a run while it works: lines, and the progress of training. The command line draws it on the
 * terminal (`cli/render/Terminal.ts`), or reports it to the program that started it (`cli/events.ts`); a run only
 * says what there is to see.
 */
import { Context, type Effect, type LogLevel } from "effect"
import type { TrainTick } from "../stages/train/train.ts"

export class Display extends Context.Service<
  Display,
  {
    /** Shows one line, marked with the stage it comes from. */
    readonly line: (stage: string, text: string, kind?: "info" | "warning" | "error") => void
    /** Shows how far training is; `source` names which training it is if several run in processes of their own. */
    readonly progress: (tick: TrainTick, source?: string) => Effect.Effect<void>
    /** Removes the progress of one source, or all. */
    readonly clear: (source?: string) => void
  }
>()("tidemark/pipeline/Display") {}

/** The least level of log lines that a person is shown inside a run, where the log itself holds more. */
export const ShownLogLevel = Context.Reference<LogLevel.LogLevel | undefined>(
  "tidemark/pipeline/Display/ShownLogLevel",
  { defaultValue: () => undefined },
)
