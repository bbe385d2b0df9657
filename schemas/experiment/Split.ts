/** How the examples of a dataset are divided into train, validation and test split. */
import * as Schema from "effect/Schema"
import { Fraction } from "./numbers.ts"
import { withDefault } from "./withDefault.ts"

/** Whether every split has the classes in the same shares. Default: false. */
const stratified = Schema.optionalKey(Schema.Boolean)

export const Split = Schema.Union([
  /** The test set of the dataset is the test split. The validation split is drawn from the train set. */
  Schema.Struct({
    kind: Schema.Literal("standard"),
    /** Number of validation examples. Default: 5000. */
    validation: withDefault(Schema.Int.check(Schema.isGreaterThanOrEqualTo(1)), 5000),
    stratified,
    /** Determines the shuffle of the split; independent of the seed of the experiment. Default: 0. */
    seed: withDefault(Schema.Int, 0),
  }),
  /** All examples are pooled, shuffled and split. */
  Schema.Struct({
    kind: Schema.Literal("pooled"),
    /** Share of all examples in the test split, at least 0 and below 1. */
    test: Fraction,
    /** Share of the other examples in the validation split, at least 0 and below 1. Default: 0.1. */
    validation: withDefault(Fraction, 0.1),
    stratified,
    /** Determines the shuffle of the split; independent of the seed of the experiment. Default: 0. */
    seed: withDefault(Schema.Int, 0),
  }),
  /**
   * Each example goes where a hash of its pixels, or of its group, puts it. More data moves no example to another split, and
   * equal images, or a whole group, are in one split.
   */
  Schema.Struct({
    kind: Schema.Literal("hashed"),
    /** What is hashed: the pixels of an image, or its group in a manifest. Default: content. */
    by: withDefault(Schema.Literals(["content", "group"]), "content"),
    /** Share of all examples in the test split, about. Default: none; the test set of the dataset is the test split. */
    test: Schema.optionalKey(Fraction),
    /** Share of the other examples in the validation split, about. Default: 0.1. */
    validation: withDefault(Fraction, 0.1),
    /** Changes the hash; independent of the seed of the experiment. Default: 0. */
    seed: withDefault(Schema.Int, 0),
  }),
])
export type Split = typeof Split.Type
