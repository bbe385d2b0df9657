/**
 * Records of champions: one line of `champions/history.ndjson` each time a model is judged, promoted or rolled back.
 */
import { Schema } from "effect"

/**
 * A challenger compared with the champion on the test examples of both; differences are challenger minus champion.
 */
export const PairedTest = Schema.Struct({
  metric: Schema.Literals(["accuracy", "loss"]),
  /** Number of test examples that both models predicted. */
  examples: Schema.Int,
  /** The metric of each model over those examples. */
  champion: Schema.Finite,
  challenger: Schema.Finite,
  /** Upper confidence limit of how much worse the challenger is; negative if it is significantly better. */
  worseByAtMost: Schema.Finite,
  /** One-sided p-value: the probability of a result this bad if the challenger were as good as the champion. */
  p: Schema.Finite,
  method: Schema.String,
})
export type PairedTest = typeof PairedTest.Type

/** The verdict of the gate. */
export const Verdict = Schema.Struct({
  passed: Schema.Boolean,
  /** Why the model did not pass, or why it did. */
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
  /** Did not pass the gate; `before` stays champion. */
  Schema.Struct({
    kind: Schema.Literal("challenger"),
    ...at,
    before: Schema.NullOr(Schema.String),
    verdict: Verdict,
  }),
  /** Promoted or rolled back to by a person. */
  Schema.Struct({
    kind: Schema.Literals(["promoted", "rolledBack"]),
    ...at,
    before: Schema.NullOr(Schema.String),
    reason: Schema.NullOr(Schema.String),
  }),
])
export type ChampionEvent = typeof ChampionEvent.Type

/** The result of the gate, as `promote --gate --json` prints it. */
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
