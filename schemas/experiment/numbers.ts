/**
 * Numbers with the range that a field allows.
 */
import * as Schema from "effect/Schema"

export const PositiveInt = Schema.Int.check(Schema.isGreaterThanOrEqualTo(1))
export const NonNegativeInt = Schema.Int.check(Schema.isGreaterThanOrEqualTo(0))
export const PositiveFinite = Schema.Finite.check(Schema.isGreaterThan(0))
export const NonNegativeFinite = Schema.Finite.check(Schema.isGreaterThanOrEqualTo(0))
/** From 0, included, to 1, excluded. */
export const Fraction = Schema.Finite.check(Schema.isGreaterThanOrEqualTo(0), Schema.isLessThan(1))
