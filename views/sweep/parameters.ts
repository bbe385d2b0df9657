/**
 * What each parameter does: (definition, progress) -> a slice for each, and how much of the differences goes with it.
 *
 * Trials are compared at the barrier that most of them reached. Groups of trials with alike values are those of
 * `importance.ts`.
 */
import { count, percentTick, pNumber } from "../../format/numbers.ts"
import { objectiveName, showInterval, showObjective } from "../../operations/sweep/describe.ts"
import { type Group, groupsOf, importancesOf, type Importance } from "../../operations/sweep/importance.ts"
import { comparedRung, type SweepProgress, type TrialProgress } from "../../operations/sweep/progress.ts"
import { type Place, placesOf, showDrawn, showId } from "../../operations/sweep/space.ts"
import type { SweepDefinition } from "../../schemas/Sweep.ts"
import { meanInterval } from "../../stages/statistics/significance.ts"
import { logarithmicTicks, numberTick, tickCount, verticalAxis } from "../page/axis.ts"
import { chartSize, draw, Plot } from "../page/draw.ts"
import { figure } from "../page/figures.ts"
import { type Html, html } from "../page/html.ts"
import { intervalChart } from "../page/intervalChart.ts"
import { seriesColor } from "../page/style.ts"
import { table } from "../page/tables.ts"
import { barrierName, describeTrial, type DrawnTrial, objectiveAxis, shortNames, trialDots } from "./marks.ts"

export interface Compared {
  readonly rung: number
  readonly trials: ReadonlyArray<TrialProgress & { readonly value: number }>
  /** By parameter, in the order of the space. */
  readonly importances: ReadonlyArray<Importance>
  /** The most important first; those without a figure last. */
  readonly places: ReadonlyArray<Place>
}

export const compareTrials = (definition: SweepDefinition, progress: SweepProgress): Compared => {
  const rung = comparedRung(progress)
  const trials = progress.trials.flatMap((trial) => {
    const value = trial.values[rung]
    return value === null ? [] : [{ ...trial, value }]
  })
  const places = placesOf(definition.space)
  const importances = importancesOf(places, trials)
  const shareOf = ({ id }: Place) => importances.find((one) => one.id === id)?.share?.value ?? -1
  return { rung, trials, importances, places: places.toSorted((a, b) => shareOf(b) - shareOf(a)) }
}

const showGroup = (place: Place, { high, low }: Group): string =>
  place.parameter.parameter === "choice"
    ? showDrawn(place, { [place.id]: low })
    : low === high
      ? numberTick(low)
      : `${numberTick(low)} to ${numberTick(high)}`

/** The mean of a group with its interval; geometric on a logarithmic scale, where the charts show it. */
const spreadOf = (values: ReadonlyArray<number>, isGeometric: boolean) => {
  const scaled = isGeometric ? values.map(Math.log) : values
  const spread = meanInterval(scaled)
  const back = isGeometric ? Math.exp : (value: number) => value
  return spread === undefined
    ? { value: back(scaled[0]), low: null, high: null }
    : { value: back(spread.value), low: back(spread.low), high: back(spread.high) }
}

/** Options are side by side; trials of one option spread a little, evenly by their numbers. */
const spreadByNumber = (trial: number) => (((trial + 1) * 0.618034) % 1) - 0.5

const horizontal = ({ parameter, ...place }: Place) => {
  if (parameter.parameter === "choice") {
    return {
      at: (value: number, trial: number) => value + 0.36 * spreadByNumber(trial),
      range: ({ low }: Group) => [low - 0.3, low + 0.3] as const,
      options: {
        domain: [-0.5, parameter.options.length - 0.5],
        ticks: parameter.options.map((_, option) => option),
        tickFormat: (option: number) =>
          showDrawn({ ...place, parameter }, { [place.id]: option }).slice(0, 12),
      },
    }
  }
  const { high, low } = parameter
  const isLogarithmic = parameter.parameter === "logUniform"
  return {
    at: (value: number) => value,
    range: (group: Group) => [group.low, group.high] as const,
    options: {
      domain: [low, high],
      ticks: isLogarithmic ? [...logarithmicTicks(low, high)] : tickCount(low, high, 5),
      tickFormat: numberTick,
      ...(isLogarithmic ? { type: "log" as const } : {}),
    },
  }
}

const sliceFigure = (
  definition: SweepDefinition,
  { barriers }: SweepProgress,
  { rung, trials }: Compared,
  place: Place,
): Html | null => {
  const having = trials.filter(({ parameters }) => parameters[place.id] !== undefined)
  if (having.length < 2) return null
  const values = having.map(({ value }) => value)
  const axis = verticalAxis(objectiveAxis(definition), values)
  const isGeometric = axis.options.type === "log" && values.every((value) => value > 0)
  const groups = groupsOf(
    place.parameter,
    having.map(({ parameters }) => parameters[place.id]),
  ).map((group) => ({
    group,
    spread: spreadOf(
      group.members.map((i) => values[i]),
      isGeometric,
    ),
  }))
  const x = horizontal(place)
  const dots = having.map((trial): DrawnTrial => ({
    x: x.at(trial.parameters[place.id], trial.trial),
    y: axis.at(trial.value),
    status: trial.status,
    tooltip: `${describeTrial(definition, barriers, trial)}, ${showDrawn(place, trial.parameters)}`,
  }))
  const bands = groups.map(({ group, spread }) => {
    const [x1, x2] = x.range(group)
    const within = (value: number | null) => (value === null ? axis.at(spread.value) : value)
    return { x1, x2, y: axis.at(spread.value), y1: within(spread.low), y2: within(spread.high) }
  })
  const [low, high] = [Math.min(...values), Math.max(...values)]
  const inside = bands.map((band) => ({
    ...band,
    y1: axis.at(Math.max(low, band.y1)),
    y2: axis.at(Math.min(high, band.y2)),
  }))
  const name = showId(place.id)
  const picture = draw(`${objectiveName(definition)} of ${having.length} trials by ${name}`, {
    ...chartSize,
    marginLeft: 58,
    marginRight: 16,
    marginBottom: 38,
    marginTop: 26,
    x: {
      label: place.parameter.parameter === "logUniform" ? `${name} (log scale)` : name,
      labelAnchor: "right",
      labelArrow: "none",
      tickSize: 4,
      ...x.options,
    },
    y: axis.options,
    marks: [
      Plot.rect(inside, { x1: "x1", x2: "x2", y1: "y1", y2: "y2", fill: "var(--bar)", fillOpacity: 0.55 }),
      ...trialDots(dots),
      Plot.link(bands, {
        x1: "x1",
        x2: "x2",
        y1: "y",
        y2: "y",
        stroke: seriesColor(2),
        strokeWidth: 2.4,
      }),
    ],
  })
  return figure({
    title: name,
    picture,
    data: table({
      caption: `${objectiveName(definition)} at ${barrierName(barriers[rung])} by ${name}`,
      columns: [
        "values",
        { name: "trials", numeric: true },
        { name: isGeometric ? "geometric mean" : "mean", numeric: true },
        { name: "95 % interval", numeric: true },
      ],
      rows: groups.map(({ group, spread }) => [
        showGroup(place, group),
        count(group.members.length),
        showObjective(definition, spread.value),
        spread.low === null ? "–" : showInterval(definition, spread),
      ]),
    }),
  })
}

export const sliceFigures = (
  definition: SweepDefinition,
  progress: SweepProgress,
  compared: Compared,
): ReadonlyArray<Html> =>
  compared.places.flatMap((place) => sliceFigure(definition, progress, compared, place) ?? [])

export const importanceFigure = (compared: Compared): Html | null => {
  const places = compared.places.filter(({ id }) =>
    compared.importances.some((one) => one.id === id && one.share !== null),
  )
  const names = shortNames(places)
  const found = places.flatMap(({ id }, i) => {
    const one = compared.importances.find((importance) => importance.id === id)
    return one === undefined || one.share === null || one.p === null
      ? []
      : [{ id, name: names[i], trials: one.trials, share: one.share, p: one.p }]
  })
  const picture = intervalChart({
    alternative: `Importance of the parameters with 95 % intervals: ${found.map(({ name, share }) => `${name} ${percentTick(Number(share.value.toFixed(2)))}`).join(", ")}`,
    x: { label: "share of the differences in rank", format: percentTick, domain: [0, 1] },
    estimates: found.map(({ name, p, share, trials }) => ({
      name,
      ...share,
      filled: p < 0.05,
      tooltip: `${name}: ${percentTick(Number(share.value.toFixed(2)))}, ${trials} trials`,
    })),
    at: 0,
  })
  if (picture === null) return null
  return figure({
    title: "Importance",
    caption:
      "Share of the differences between the ranks of the trials that goes with one parameter, with its 95 % interval. A hollow dot is no significant effect.",
    picture,
    data: table({
      caption: "Importance of the parameters",
      columns: [
        "parameter",
        { name: "trials", numeric: true },
        { name: "share", numeric: true },
        { name: "95 % interval", numeric: true },
        { name: "p", numeric: true },
      ],
      rows: found.map(({ id, p, share, trials }) => [
        html`<code>${showId(id)}</code>`,
        count(trials),
        whole(share.value),
        `${whole(share.low)} to ${whole(share.high)}`,
        pNumber(p),
      ]),
    }),
  })
}

const whole = (share: number) => `${Math.round(100 * share)} %`
