/** How a sweep chooses its trials, and how long it trains them. */
import * as Schema from "effect/Schema"
import { PositiveInt } from "../experiment/numbers.ts"
import { withDefault } from "../experiment/withDefault.ts"
import { named } from "../experiment/named.ts"

/** At most half of the trials is promoted at a barrier. Whole numbers keep the budgets at barriers exact. */
const Factor = Schema.Int.check(Schema.isBetween({ minimum: 2, maximum: 100 }))

const Source = Schema.Literals(["random", "quasiRandom"])

const Grid = Schema.Struct({
  kind: Schema.Literal("grid"),
  /** Values of a continuous parameter, evenly spaced with both limits. Default: none, so all parameters are discrete. */
  points: Schema.optionalKey(Schema.Int.check(Schema.isBetween({ minimum: 2, maximum: 1000 }))),
})
const Random = Schema.Struct({ kind: Schema.Literal("random") })
const QuasiRandom = Schema.Struct({ kind: Schema.Literal("quasiRandom") })
const Halving = Schema.Struct({
  kind: Schema.Literal("halving"),
  /** At each barrier, one trial of so many is promoted, and trained to so many times its iterations. Default: 3. */
  factor: withDefault(Factor, 3),
  /** Barriers, the end of the budget included. Default: 3. */
  rungs: withDefault(Schema.Int.check(Schema.isBetween({ minimum: 2, maximum: 10 })), 3),
  /** How trials are drawn. Default: quasiRandom. */
  from: withDefault(Source, "quasiRandom"),
})
const Hyperband = Schema.Struct({
  kind: Schema.Literal("hyperband"),
  /** As in halving. Default: 3. */
  factor: withDefault(Factor, 3),
  /** Barriers of the bracket that prunes most. Default: 3. */
  rungs: withDefault(Schema.Int.check(Schema.isBetween({ minimum: 2, maximum: 6 })), 3),
  /** How trials are drawn. Default: quasiRandom. */
  from: withDefault(Source, "quasiRandom"),
})
const Tpe = Schema.Struct({
  kind: Schema.Literal("tpe"),
  /** Trials that are drawn at random first. Default: 10. */
  startup: withDefault(PositiveInt, 10),
  /** Trials that are proposed together, from the results of all earlier batches. Default: 5. */
  batch: withDefault(PositiveInt, 5),
})

export const Strategy = Schema.Union([Grid, Random, QuasiRandom, Halving, Hyperband, Tpe])
export type Strategy = typeof Strategy.Type
type Input<S extends { readonly Encoded: object }> = Omit<S["Encoded"], "kind">

export const strategies = {
  /** Every combination of the values. */
  grid: (options: Input<typeof Grid> = {}) => ({ kind: "grid", ...named(options) }) as const,
  /** Independent draws. */
  random: () => ({ kind: "random" }) as const,
  /** Draws that fill the space more evenly than independent ones: Roberts' R-sequence (2018). */
  quasiRandom: () => ({ kind: "quasiRandom" }) as const,
  /** Successive halving: all trials start, the best ones at each barrier are trained further. Jamieson and Talwalkar (2016). */
  halving: (options: Input<typeof Halving> = {}) => ({ kind: "halving", ...named(options) }) as const,
  /** Halving with several trade-offs between many trials and long ones: Li et al. (2018). */
  hyperband: (options: Input<typeof Hyperband> = {}) => ({ kind: "hyperband", ...named(options) }) as const,
  /** Proposals from the results so far, by tree-structured Parzen estimators: Bergstra et al. (2011). */
  tpe: (options: Input<typeof Tpe> = {}) => ({ kind: "tpe", ...named(options) }) as const,
}
