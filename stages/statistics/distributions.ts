/**
 * The beta, binomial, Student t and F distributions, from one function: the regularized incomplete beta I_x(a, b).
 *
 * Relative error below 1e-11 for the counts that occur (up to some 100,000); quantiles by bisection, to the last bits.
 */

/** Lanczos' approximation (g = 7, nine terms; P. Godfrey, 2001) of log Γ(x), x > 0. */
const lanczos = [
  0.99999999999980993, 676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059,
  12.507343278686905, -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7,
] as const

const logGamma = (x: number): number => {
  const base = x + 6.5
  let sum: number = lanczos[0]
  for (let i = 1; i < lanczos.length; i++) sum += lanczos[i] / (x - 1 + i)
  return 0.5 * Math.log(2 * Math.PI) + (x - 0.5) * Math.log(base) - base + Math.log(sum)
}

const smallest = 1e-300

/** The continued fraction of I_x(a, b) (DLMF 8.17.22), by Lentz's method as Thompson and Barnett modified it (1986). */
const continuedFraction = (x: number, a: number, b: number): number => {
  const away = (value: number) => (Math.abs(value) < smallest ? smallest : value)
  let c = 1
  let d = 1 / away(1 - ((a + b) * x) / (a + 1))
  let result = d
  for (let m = 1; m < 100_000; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m))
    d = 1 / away(1 + even * d)
    c = away(1 + even / c)
    result *= d * c
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1))
    d = 1 / away(1 + odd * d)
    c = away(1 + odd / c)
    result *= d * c
    if (Math.abs(d * c - 1) < 1e-16) break
  }
  return result
}

/** I_x(a, b): the share of a beta distribution below `x`; a, b > 0. */
export const incompleteBeta = (x: number, a: number, b: number): number => {
  if (x <= 0) return 0
  if (x >= 1) return 1
  // The fraction converges fast on the near side of the mean; the far side is the complement.
  if (x > (a + 1) / (a + b + 2)) return 1 - incompleteBeta(1 - x, b, a)
  const log = logGamma(a + b) - logGamma(a) - logGamma(b) + a * Math.log(x) + b * Math.log1p(-x)
  return (Math.exp(log) * continuedFraction(x, a, b)) / a
}

/** P(X ≤ k) of n draws with chance `p` (DLMF 8.17.5). */
export const binomialAtMost = (k: number, n: number, p: number): number =>
  k >= n ? 1 : k < 0 ? 0 : incompleteBeta(1 - p, n - k, k + 1)

/** P(|T| ≥ |t|) with `freedom` degrees of freedom (DLMF 8.17; Abramowitz and Stegun 26.7.1). */
export const studentTwoSided = (t: number, freedom: number): number =>
  t === 0 ? 1 : incompleteBeta(freedom / (freedom + t * t), freedom / 2, 0.5)

/** Where a falling function crosses `target` between `low` and `high`. */
const bisect = (falling: (x: number) => number, target: number, low: number, high: number): number => {
  let [below, above] = [low, high]
  for (let i = 0; i < 200; i++) {
    const middle = (below + above) / 2
    if (middle === below || middle === above) break
    if (falling(middle) > target) below = middle
    else above = middle
  }
  return (below + above) / 2
}

/** t with P(|T| ≥ t) = `outside`: 12.706 for 0.05 and one degree of freedom. */
export const studentQuantile = (outside: number, freedom: number): number =>
  bisect((t) => studentTwoSided(t, freedom), outside, 0, 1e6)

/** Upper one-sided confidence limit of a binomial chance: with it, P(X ≤ `successes`) of `n` draws is `outside`. */
export const binomialUpperLimit = (successes: number, n: number, outside: number): number =>
  successes >= n ? 1 : bisect((p) => binomialAtMost(successes, n, p), outside, 0, 1)

/** The exact 95 % interval of a binomial chance: C. J. Clopper and E. S. Pearson, Biometrika 26 (1934). */
export const clopperPearson = (
  successes: number,
  n: number,
): { readonly low: number; readonly high: number } => ({
  low: successes === 0 ? 0 : 1 - bisect((q) => 1 - binomialAtMost(successes - 1, n, 1 - q), 0.025, 0, 1),
  high: binomialUpperLimit(successes, n, 0.025),
})

/** P(F ≥ f) with `between` and `within` degrees of freedom (Abramowitz and Stegun 26.6.2). */
export const fAtLeast = (f: number, between: number, within: number): number =>
  incompleteBeta(within / (within + between * f), within / 2, between / 2)

/** P(F ≤ f) of the noncentral F distribution: a Poisson mixture of beta distributions (Abramowitz and Stegun 26.6.18). */
export const noncentralFAtMost = (f: number, between: number, within: number, noncentrality: number) => {
  const x = (between * f) / (between * f + within)
  const mean = noncentrality / 2
  // Beyond ten standard deviations of the Poisson distribution nothing is left.
  const reach = 20 + 10 * Math.sqrt(mean)
  let sum = 0
  for (let j = Math.max(0, Math.floor(mean - reach)); j <= mean + reach; j++) {
    const weight = mean === 0 ? (j === 0 ? 1 : 0) : Math.exp(j * Math.log(mean) - mean - logGamma(j + 1))
    if (weight > 1e-18) sum += weight * incompleteBeta(x, between / 2 + j, within / 2)
  }
  return Math.min(1, sum)
}

/**
 * The 95 % interval of the noncentrality, given the F that was found: with its lower end, 2.5 % of F are as large or larger,
 * with its upper end as small or smaller. J. H. Steiger, Psychological Methods 9 (2004).
 */
export const noncentralityInterval = (f: number, between: number, within: number) => {
  let most = 1
  while (noncentralFAtMost(f, between, within, most) > 0.025) most *= 2
  const at = (target: number) => {
    if (noncentralFAtMost(f, between, within, 0) <= target) return 0
    let [low, high] = [0, most]
    for (let i = 0; i < 50; i++) {
      const middle = (low + high) / 2
      if (noncentralFAtMost(f, between, within, middle) > target) low = middle
      else high = middle
    }
    return (low + high) / 2
  }
  return { low: at(0.975), high: at(0.025) }
}
