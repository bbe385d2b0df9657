import { Effect } from "effect"
import { Interrupted } from "../schemas/Interrupted.ts"
import { Terminal } from "./terminal/Terminal.ts"

/** After an interruption, the line that goes on: `command` is what follows `pnpm pipeline`. */
export const sayHowToGoOn =
  (command: string) =>
  <A, E, R>(effect: Effect.Effect<A, E, R>) =>
    Effect.tapError(effect, (error) =>
      error instanceof Interrupted
        ? Effect.map(Terminal, (terminal) =>
            terminal.line("", `what was reached is saved; go on with: pnpm pipeline ${command}`),
          )
        : Effect.void,
    )
