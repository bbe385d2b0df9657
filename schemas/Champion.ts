/**
 * What is recorded of champions: one line of `champions/history.ndjson` for each time a model was judged or moved.
 */
import { Schema } from "effect"

/** How a challenger compares with the champion on the examples both were tested on; differences are challenger less champion. */
export const PairedTest = Schema.Struct({
  metric: Schema.Literals(["accuracy", "loss"]),
  /** Test examples that both models answered. */
  examples: Schema.Int,
  /** The metric of either, over those examples. */
  champion: Schema.Finite,
  challenger: Schema.Finite,
  /** By how much the challenger is worse, at most, with the gate's confidence; negative where it is surely better. */
  worseByAtMost: Schema.Finite,
  /** Chance of a challenger that seems this bad, were it as good as the champion. */
  p: Schema.Finite,
  method: Schema.String,
})
export type PairedTest = typeof PairedTest.Type

/** What the gate found: empty `reasons` mean that the model passed. */
export const Verdict = Schema.Struct({
  passed: Schema.Boolean,
  /** Why it did not pass; where it did, what speaks for it. */
  reasons: Schema.Array(Schema.String),
  test: Schema.NullOr(PairedTest),
  accuracy: Schema.Finite,
  latencyMs: Schema.NullOr(Schema.Finite),
  sizeBytes: Schema.Int,
})
export type Verdict = typeof Verdict.Type

const at = { at: Schema.String, experiment: Schema.String, run: Schema.String }

export const ChampionEvent = Schema.Union([
  /** Became champion by passing the gate. */
  Schema.Struct({
    kind: Schema.Literal("passed"),
    ...at,
    before: Schema.NullOr(Schema.String),
    verdict: Verdict,
  }),
  /** Did not pass; `before` stays champion. */
  Schema.Struct({
    kind: Schema.Literal("challenger"),
    ...at,
    before: Schema.NullOr(Schema.String),
    verdict: Verdict,
  }),
  /** Made champion by a person, or brought back. */
  Schema.Struct({
    kind: Schema.Literals(["promoted", "rolledBack"]),
    ...at,
    before: Schema.NullOr(Schema.String),
    reason: Schema.NullOr(Schema.String),
  }),
])
export type ChampionEvent = typeof ChampionEvent.Type

/** What the gate answers about a run, as `promote --gate --json` prints it. */
export const GateResult = Schema.Struct({
  experiment: Schema.String,
  run: Schema.String,
  /** Whether the run is the champion now. */
  champion: Schema.Boolean,
  before: Schema.NullOr(Schema.String),
  reasons: Schema.Array(Schema.String),
  verdict: Schema.NullOr(Verdict),
})
export type GateResult = typeof GateResult.Type
