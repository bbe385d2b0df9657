/**
 * A metric of an experiment by its name, in place of loss and accuracy: what is monitored, or what a sweep searches for.
 *
 * Comparisons are of costs: the lower, the better.
 */
import * as Schema from "effect/Schema"
import type { ValidationMetric } from "../Metric.ts"
import { withDefault } from "./withDefault.ts"

/** Names of the metrics that every run has. */
const takenNames = ["split", "iteration", "epoch", "loss", "accuracy", "error"]

/** The name of an own metric, under which rows of metrics and reports have it. */
export const MetricName = Schema.String.check(
  Schema.isPattern(/^[A-Za-z][A-Za-z0-9_]{0,31}$/, {
    message: "the name of a metric is a letter followed by at most 31 letters, digits or _",
  }),
  Schema.makeFilter((name: string) => !takenNames.includes(name), {
    message: `another name than ${takenNames.join(", ")}`,
  }),
)

export const NamedMetric = Schema.Struct({
  /** A name in `metrics`. */
  metric: MetricName,
  /** Whether more of it is better, or less. Default: max. */
  mode: withDefault(Schema.Literals(["max", "min"]), "max"),
}).annotate({ expected: 'a metric by its name, such as { metric: "macroF1" }' })
export type NamedMetric = typeof NamedMetric.Type

/** A value as its cost, or a cost as its value. 0 has no sign. */
export const exchange = ({ mode }: NamedMetric, value: number): number => (mode === "min" ? value : 0 - value)

/** Undefined if the evaluation does not have the metric. */
export const costOf = (
  named: NamedMetric,
  { metrics }: Pick<ValidationMetric, "metrics">,
): number | undefined => {
  const value = metrics?.[named.metric]
  return value === undefined ? undefined : exchange(named, value)
}

/** A problem if `metrics` does not have the metric. */
export const unknownMetric = (named: NamedMetric, metrics: Readonly<Record<string, unknown>> = {}) => {
  if (Object.hasOwn(metrics, named.metric)) return undefined
  const names = Object.keys(metrics)
  const expected = names.length === 0 ? "one that the field metrics names" : names.join(" or ")
  return `found ${named.metric}, expected ${expected}`
}
