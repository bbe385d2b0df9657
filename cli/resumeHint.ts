/** How a run is gone on with, in words that can be typed as they are. */
import { basename, dirname, relative, resolve } from "node:path"
import { Effect } from "effect"
import { Interrupted } from "../schemas/Interrupted.ts"
import { Terminal } from "./render/Terminal.ts"
import { quoted } from "../format/quoted.ts"

/** What names the run at `path` on a command line: its id where that is enough, its path in another folder. */
export const wordFor = (path: string): string => {
  if (dirname(resolve(path)) === resolve("runs")) return basename(path)
  const word = relative(process.cwd(), path)
  return word.includes("/") ? word : `./${word}`
}

/** After an interruption, the line that goes on: `words` are what follows `pnpm pipeline`. */
export const sayHowToGoOn =
  (...words: ReadonlyArray<string>) =>
  <A, E, R>(effect: Effect.Effect<A, E, R>) =>
    Effect.tapError(effect, (error) =>
      error instanceof Interrupted
        ? Effect.map(Terminal, (terminal) =>
            terminal.line(
              "",
              `what was reached is saved; go on with: pnpm pipeline ${words.map(quoted).join(" ")}`,
            ),
          )
        : Effect.void,
    )
