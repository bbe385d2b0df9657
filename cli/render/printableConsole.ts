/**
 * The console of a command: everything that a command prints passes through `printable`, so no command has to think of it.
 *
 * What has colours of our own (help, tables of `doctor`, drawings) is printed on `StyledConsole`; its writer calls `printable` on
 * the parts that come from outside.
 */
import { Console, Context, Effect } from "effect"
import { printable } from "../../format/printable.ts"

/** The console as it was given to the command line. */
export const StyledConsole = Context.Reference<Console.Console>("tidemark/cli/StyledConsole", {
  defaultValue: () => globalThis.console,
})

const guarded = (given: Console.Console): Console.Console => {
  const safe =
    (print: (...values: ReadonlyArray<unknown>) => void) =>
    (...values: ReadonlyArray<unknown>) =>
      print(...values.map((value) => (typeof value === "string" ? printable(value) : value)))
  return Object.assign(Object.create(given) as Console.Console, {
    log: safe(given.log.bind(given)),
    error: safe(given.error.bind(given)),
  })
}

/** Runs a command whose output is printable. */
export const withPrintableConsole = <A, E, R>(command: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.gen(function* () {
    const given = yield* Console.Console
    return yield* command.pipe(
      Effect.provideService(Console.Console, guarded(given)),
      Effect.provideService(StyledConsole, given),
    )
  })

/** Prints text with escape sequences of our own. */
export const styled = <A, E, R>(printing: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.gen(function* () {
    return yield* Effect.provideService(printing, Console.Console, yield* StyledConsole)
  })
