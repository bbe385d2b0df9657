import { Effect } from "effect"
import { Interrupted } from "../schemas/Interrupted.ts"

/** Adds to an interruption the command that resumes it, without `pnpm pipeline`. An inner hint wins. */
export const resumeHint =
  (...words: ReadonlyArray<string>) =>
  <A, E, R>(effect: Effect.Effect<A, E, R>) =>
    Effect.mapError(effect, (error) =>
      error instanceof Interrupted && error.resumeWith === undefined
        ? new Interrupted({ signal: error.signal, during: error.during, resumeWith: words })
        : error,
    )
