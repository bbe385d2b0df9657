/**
 * Whether a challenger is worse than a champion: one-sided paired tests with the upper confidence limit of how much worse it is.
 *
 * For proportions the exact test of Q. McNemar (Psychometrika 12, 1947) with the limit of C. J. Clopper and E. S. Pearson
 * (Biometrika 26, 1934); for means Student's paired t test. `level` is the one-sided significance level.
 */
import { binomialAtMost, binomialUpperLimit, studentQuantile, studentTwoSided } from "./distributions.ts"

export interface NonInferiority {
  /** The probability of a result this bad if the challenger were as good as the champion. */
  readonly p: number
  /** Upper confidence limit of the difference; negative if the challenger is significantly better. */
  readonly worseByAtMost: number
}

/** `championOnly` counts the examples that only the champion gets right, `challengerOnly` those that only the challenger does. */
export const mcnemarWorse = (
  championOnly: number,
  challengerOnly: number,
  examples: number,
  level: number,
): NonInferiority => {
  const discordant = championOnly + challengerOnly
  if (discordant === 0) return { p: 1, worseByAtMost: binomialUpperLimit(0, examples, level) }
  return {
    p: binomialAtMost(challengerOnly, discordant, 0.5),
    worseByAtMost: ((2 * binomialUpperLimit(championOnly, discordant, level) - 1) * discordant) / examples,
  }
}

/** `differences`: the challenger's value minus the champion's for each example, two or more; larger is worse. */
export const pairedWorse = (differences: ReadonlyArray<number>, level: number): NonInferiority => {
  const n = differences.length
  const mean = differences.reduce((a, b) => a + b, 0) / n
  const error = Math.sqrt(differences.reduce((sum, d) => sum + (d - mean) ** 2, 0) / (n - 1) / n)
  if (error === 0) return { p: mean > 0 ? 0 : 1, worseByAtMost: mean }
  const tail = studentTwoSided(mean / error, n - 1) / 2
  return {
    p: mean > 0 ? tail : 1 - tail,
    worseByAtMost: mean + studentQuantile(2 * level, n - 1) * error,
  }
}
