/**
 * Loads an experiment's own code: (its identity, references) -> its functions with their decoded options.
 *
 * The texts come from `storage/codeTexts.ts`. A module runs once in a thread.
 */
import { Effect, Schema } from "effect"
import { showPath } from "../../format/showPath.ts"
import type { OwnCode, OwnFunction } from "../../schemas/experiment/OwnCode.ts"
import { Failure } from "../../schemas/Failure.ts"
import type { OwnDefinition, OwnKind } from "../../schemas/ownCode/define.ts"
import { frameOf, showFrame } from "../../schemas/ownCode/frames.ts"
import { changedPackage, importModule, missingFiles } from "./modules.ts"

/** Own code cannot be loaded, or does something that it may not. */
export class OwnCodeFailed extends Failure<OwnCodeFailed>()("OwnCodeFailed", {
  exitCode: "dataError",
  fields: {
    /** Such as `own/squeeze.ts, export squeeze`. */
    what: Schema.String,
    problem: Schema.String,
  },
  message: ({ problem, what }) => `own code ${what} failed: ${problem}`,
}) {}

/** Runs `f`, which calls own code: its errors are expected ones. */
export const ownCodeTry = <T>(f: () => T): Effect.Effect<T, OwnCodeFailed> =>
  Effect.suspend(() => {
    try {
      return Effect.succeed(f())
    } catch (error) {
      if (error instanceof OwnCodeFailed) return Effect.fail(error)
      throw error
    }
  })

export const titleOf = ({ export: name, module }: OwnFunction) => `${name} of ${module}`

/** The functions at several places, each once. */
export const titlesOf = (uses: ReadonlyArray<Pick<Use, "reference">>) =>
  [...new Set(uses.map(({ reference }) => titleOf(reference)))].join(", ")

/** The type of a value that is not the expected one; null is no object. */
export const kindOf = (value: unknown): string => (value === null ? "null" : typeof value)

/** What was thrown, in a line, with the place in own code. `text`: in place of its message. */
export const describeThrown = (thrown: unknown, text?: string): string => {
  const [message, stack] =
    thrown instanceof Error
      ? [text ?? thrown.message, thrown.stack]
      : [`it throws ${typeof thrown === "string" ? JSON.stringify(thrown) : `a ${typeof thrown}`}`, undefined]
  const line = message.split("\n", 1)[0].slice(0, 500)
  const frame = frameOf(stack)
  return frame === undefined || line.includes(showFrame(frame)) ? line : `${line}, at ${showFrame(frame)}`
}

/** A function with its options, which its own schema has decoded. */
export interface Loaded<K extends OwnKind> {
  readonly definition: Extract<OwnDefinition, { readonly ownCode: K }>
  readonly options: object
  readonly title: string
}

const isDefinition = (value: unknown): value is OwnDefinition =>
  typeof value === "object" && value !== null && "ownCode" in value && "decode" in value

/** The functions of an experiment. A reference that is not one of them is a mistake of the program. */
export class OwnFunctions {
  readonly #loaded: ReadonlyMap<string, Loaded<OwnKind>>

  constructor(loaded: ReadonlyMap<string, Loaded<OwnKind>>) {
    this.#loaded = loaded
  }

  get<K extends OwnKind>(kind: K, reference: OwnFunction): Loaded<K> {
    const found = this.#loaded.get(keyOf(kind, reference))
    if (found === undefined) throw new Error(`own ${kind} ${titleOf(reference)} is not loaded`)
    return found as unknown as Loaded<K>
  }
}

export const noFunctions = new OwnFunctions(new Map())

/** A reference, the kind of function that it must be, and its place in the experiment. */
export interface Use {
  readonly kind: OwnKind
  readonly at: string
  readonly reference: OwnFunction
}

const keyOf = (kind: OwnKind, { export: name, module, options }: OwnFunction) =>
  `${kind} ${module} ${name} ${JSON.stringify(options)}`

const article = (kind: string) => (/^[aeiou]/.test(kind) ? `an ${kind}` : `a ${kind}`)

const makers: Readonly<Record<OwnKind, string>> = {
  layer: "defineLayer",
  loss: "defineLoss",
  metric: "defineMetric",
  preprocess: "definePreprocess",
  augment: "defineAugment",
  schedule: "defineSchedule",
}

const loadOne = Effect.fnUntraced(function* (code: OwnCode, { at, kind, reference }: Use) {
  const what = titleOf(reference)
  const failed = (problem: string) => new OwnCodeFailed({ what, problem })
  const exported = yield* Effect.tryPromise({
    try: () => importModule(code, reference.module),
    catch: (thrown) => failed(describeThrown(thrown)),
  })
  const changed = changedPackage(code)
  if (changed !== undefined) return yield* failed(changed)
  const definition = exported[reference.export]
  if (definition === undefined) {
    const names = Object.keys(exported)
    const there = names.length === 0 ? "nothing" : names.join(", ")
    return yield* failed(`at ${at}: the module does not export ${reference.export}; it exports ${there}`)
  }
  if (!isDefinition(definition) || definition.ownCode !== kind) {
    const found = isDefinition(definition) ? article(definition.ownCode) : `a ${typeof definition}`
    return yield* failed(`at ${at}: found ${found}, expected ${article(kind)} made with ${makers[kind]}`)
  }
  const decoded = yield* Effect.try({
    try: () => definition.decode(reference.options),
    catch: (thrown) => failed(describeThrown(thrown)),
  })
  if (decoded.problems !== undefined) {
    const problems = decoded.problems.map(
      ({ message, path }) => `${showPath([`${at}.options`, ...path])}: ${message}`,
    )
    return yield* failed(problems.join("; "))
  }
  return [keyOf(kind, reference), { definition, options: decoded.options, title: what }] as const
})

/** The functions at these places of an experiment. */
export const loadFunctions = Effect.fn("loadFunctions")(function* (
  code: OwnCode | undefined,
  uses: ReadonlyArray<Use>,
) {
  if (uses.length === 0) return noFunctions
  const [{ reference }] = uses
  if (code === undefined) {
    const problem = "the experiment does not say which files it consists of; run the experiment file again"
    return yield* new OwnCodeFailed({ what: titleOf(reference), problem })
  }
  const missing = missingFiles(code)
  if (missing.length > 0) {
    const problem = `${missing.join(", ")} is missing or was changed; restore the folder code/ of the run`
    return yield* new OwnCodeFailed({ what: titleOf(reference), problem })
  }
  const loaded = yield* Effect.forEach(uses, (use) => loadOne(code, use))
  return new OwnFunctions(new Map<string, Loaded<OwnKind>>(loaded))
})
