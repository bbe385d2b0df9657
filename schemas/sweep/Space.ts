/**
 * The search space of a sweep: plain values that say which fields of an experiment vary, and over which values.
 *
 * A space maps paths of fields, written as messages write them, to parameters. It is data and not code, so it is stored
 * with the sweep, and a resumed sweep can tell whether it changed. A parameter inside an option of a choice exists only if
 * that option is drawn.
 */
import * as Schema from "effect/Schema"
import type { ExperimentInput } from "../experiment/Experiment.ts"

const range = ({ high, low }: { readonly low: number; readonly high: number }) => low < high
const rangeMessage = { message: "a range is (low, high), with low below high" }

const Uniform = Schema.Struct({
  parameter: Schema.Literal("uniform"),
  low: Schema.Finite,
  high: Schema.Finite,
}).check(Schema.makeFilter(range, rangeMessage))

const LogUniform = Schema.Struct({
  parameter: Schema.Literal("logUniform"),
  low: Schema.Finite.check(Schema.isGreaterThan(0)),
  high: Schema.Finite,
}).check(Schema.makeFilter(range, rangeMessage))

const Integer = Schema.Struct({
  parameter: Schema.Literal("integer"),
  low: Schema.Int,
  high: Schema.Int,
}).check(Schema.makeFilter(range, rangeMessage))

const Choice = Schema.Struct({
  parameter: Schema.Literal("choice"),
  options: Schema.Array(Schema.Json).check(
    Schema.isMinLength(2, { message: "a choice has at least two options" }),
  ),
})

/** A parameter as it is stored. */
export const AnyParameter = Schema.Union([Uniform, LogUniform, Integer, Choice]).annotate({
  expected: "uniform(low, high), logUniform(low, high), integer(low, high) or choice(…)",
})
export type AnyParameter = typeof AnyParameter.Type

export const Space = Schema.Record(Schema.String, AnyParameter)
export type Space = typeof Space.Type

/** Only for the compiler: the type of the values of a parameter. */
declare const valueType: unique symbol

/** A parameter whose values have the type `T`. */
export interface Parameter<out T> {
  readonly parameter: "uniform" | "logUniform" | "integer" | "choice"
  readonly [valueType]?: T
}

/** A value between two limits. */
export const uniform = (low: number, high: number): Parameter<number> =>
  ({ parameter: "uniform", low, high }) as Parameter<number>

/** A value between two positive limits whose logarithm is uniform: for learning rates and penalties. */
export const logUniform = (low: number, high: number): Parameter<number> =>
  ({ parameter: "logUniform", low, high }) as Parameter<number>

/** A whole number between two limits, both included. */
export const integer = (low: number, high: number): Parameter<number> =>
  ({ parameter: "integer", low, high }) as Parameter<number>

/** What a value with parameters in it becomes when they are drawn. */
type Drawn<T> =
  T extends Parameter<infer Value>
    ? Value
    : T extends object
      ? { readonly [Key in keyof T]: Drawn<T[Key]> }
      : T

/** One of several values. An option may be any part of an experiment, with parameters of its own in it. */
export const choice = <const Options extends ReadonlyArray<unknown>>(
  ...options: Options
): Parameter<Drawn<Options[number]>> =>
  ({ parameter: "choice", options }) as unknown as Parameter<Drawn<Options[number]>>

/**
 * Fields that all trials share: they change no result, or the results of two trials could not be compared. Seeds are a
 * matter of the sweep.
 */
export const sharedFields = [
  "name",
  "description",
  "dataset",
  "split",
  "seed",
  "gate",
  "evaluateEvery",
  "evaluationRules",
  "checkpointEvery",
  "recordEvery",
  "keepCheckpoints",
  "code",
] as const

type SharedField = (typeof sharedFields)[number]
type Searched = Omit<ExperimentInput, SharedField>
type Primitive = string | number | boolean | bigint | symbol | null | undefined

/** Paths inside a value: "optimizer.learningRate", "model[3].rate". */
type PathIn<T> = T extends Primitive
  ? never
  : T extends ReadonlyArray<infer Item>
    ? `[${number}]` | `[${number}]${Below<Item>}`
    : string extends keyof T
      ? string
      : { [Key in keyof T & string]-?: Key | `${Key}${Below<T[Key]>}` }[keyof T & string]
type Below<T> = T extends Primitive ? never : T extends ReadonlyArray<unknown> ? PathIn<T> : `.${PathIn<T>}`

type Field<T, Key> = T extends Primitive ? never : Key extends keyof T ? T[Key] : never
type Item<T> = T extends ReadonlyArray<infer One> ? One : never

/** The type of the value at a path. */
type ValueAt<T, Path> = Path extends `${infer Key}[${number}]${infer Rest}`
  ? AfterItem<Item<Field<T, Key>>, Rest>
  : Path extends `${infer Key}.${infer Rest}`
    ? ValueAt<Field<T, Key>, Rest>
    : Field<T, Path>
type AfterItem<T, Rest> = Rest extends "" ? T : Rest extends `.${infer Path}` ? ValueAt<T, Path> : never

/** A space as a user writes it: the compiler checks the paths and the values of its parameters. */
export type SpaceInput = {
  readonly [Path in PathIn<Searched>]?: Parameter<ValueAt<Searched, Path>>
}
