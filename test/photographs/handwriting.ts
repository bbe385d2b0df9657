/**
 * Digits to photograph: (draw, pen) -> SVG of a digit, whose ink fills a box that is 1 high and centred at (0, 0).
 *
 * Half of them are test digits of MNIST, enlarged until their edges are sharp. The other half are written by a pen along
 * strokes that vary in form, slant and proportion.
 */
import sharp from "sharp"
import { digitAt } from "../fixtures/mnistTest.ts"
import type { Draw } from "./draw.ts"

export interface Pen {
  /** Width of a stroke as a share of the digit's height. */
  readonly width: number
  /** Width of a stroke along the nib as a share of `width`; 1 for a round pen. */
  readonly hairline: number
  /** Direction of the nib in radians. */
  readonly nib: number
}

export const roundPen = (width: number): Pen => ({ width, hairline: 1, nib: 0 })

export interface Digit {
  readonly label: number
  /** SVG elements in the colour `ink`. */
  readonly svg: (ink: string) => string
  /** Width of the ink; its height is 1. */
  readonly width: number
}

type Point = readonly [x: number, y: number]
interface Stroke {
  readonly points: ReadonlyArray<Point>
  /** Whether the pen runs through the points in a curve; else in straight lines. */
  readonly isCurve: boolean
}

const curve = (...points: ReadonlyArray<Point>): Stroke => ({ points, isCurve: true })
const lines = (...points: ReadonlyArray<Point>): Stroke => ({ points, isCurve: false })

/** The ways to write each digit, in a box that is 100 wide and 140 high. */
const forms: ReadonlyArray<ReadonlyArray<ReadonlyArray<Stroke>>> = [
  [[curve([55, 0], [20, 22], [5, 70], [20, 120], [50, 140], [82, 120], [95, 70], [84, 22], [50, 2])]],
  [[lines([52, 0], [48, 140])], [lines([25, 34], [54, 0], [50, 140])]],
  [
    [curve([10, 35], [25, 8], [55, 0], [85, 18], [84, 50], [58, 92], [10, 138]), lines([10, 138], [95, 134])],
    [curve([12, 30], [45, 0], [84, 24], [66, 80], [22, 132], [8, 118], [30, 112], [60, 132], [96, 132])],
  ],
  [
    [
      curve([12, 20], [45, 0], [82, 18], [76, 50], [40, 64]),
      curve([40, 64], [84, 80], [92, 110], [60, 140], [10, 124]),
    ],
  ],
  [
    [lines([62, 0], [5, 92], [96, 88]), lines([74, 48], [66, 140])],
    [lines([20, 0], [12, 74], [90, 70]), lines([78, 8], [70, 140])],
  ],
  [[lines([88, 0], [22, 2], [16, 60]), curve([16, 60], [55, 50], [90, 80], [80, 124], [45, 140], [8, 126])]],
  [[curve([72, 0], [34, 32], [10, 86], [20, 128], [54, 140], [86, 116], [80, 84], [48, 74], [16, 104])]],
  [[lines([8, 4], [92, 0], [40, 140])], [lines([8, 6], [90, 0], [44, 140]), lines([30, 70], [82, 66])]],
  [
    [
      curve(
        [78, 16],
        [48, 0],
        [20, 26],
        [46, 62],
        [86, 98],
        [72, 134],
        [36, 136],
        [14, 106],
        [46, 68],
        [82, 38],
        [78, 16],
      ),
    ],
  ],
  [
    [
      curve([86, 36], [62, 68], [22, 62], [12, 28], [42, 0], [78, 12], [86, 36]),
      curve([86, 36], [84, 80], [72, 140]),
    ],
  ],
]

/** Points along a Catmull-Rom spline (1974) through `points`. */
const along = ({ isCurve, points }: Stroke): ReadonlyArray<Point> => {
  const steps = isCurve ? 12 : 1
  const at = (i: number) => points[Math.min(points.length - 1, Math.max(0, i))]
  const sampled: Array<Point> = [points[0]]
  for (let span = 0; span + 1 < points.length; span++) {
    const [p0, p1, p2, p3] = [at(span - 1), at(span), at(span + 1), at(span + 2)]
    for (let step = 1; step <= steps; step++) {
      const t = step / steps
      const coordinate = (axis: 0 | 1) =>
        isCurve
          ? 0.5 *
            (2 * p1[axis] +
              (p2[axis] - p0[axis]) * t +
              (2 * p0[axis] - 5 * p1[axis] + 4 * p2[axis] - p3[axis]) * t ** 2 +
              (3 * p1[axis] - p0[axis] - 3 * p2[axis] + p3[axis]) * t ** 3)
          : p1[axis] + (p2[axis] - p1[axis]) * t
      sampled.push([coordinate(0), coordinate(1)])
    }
  }
  return sampled
}

const number = (value: number) => value.toFixed(4)

/** Short lines whose width depends on their direction, as a nib writes. */
const written = (path: ReadonlyArray<Point>, pen: Pen, ink: string) => {
  const segments = path.slice(1).map(([x, y], i) => {
    const [fromX, fromY] = path[i]
    const across = Math.abs(Math.sin(Math.atan2(y - fromY, x - fromX) - pen.nib))
    const width = pen.width * (pen.hairline + (1 - pen.hairline) * across ** 2)
    return `<line x1="${number(fromX)}" y1="${number(fromY)}" x2="${number(x)}" y2="${number(y)}" stroke-width="${number(width)}"/>`
  })
  return `<g stroke="${ink}" fill="none" stroke-linecap="round">${segments.join("")}</g>`
}

const strokeDigit = ({ between, pick, integer }: Draw, pen: Pen): Digit => {
  const label = integer(10)
  const slant = between(-0.1, 0.3)
  const proportion = between(0.85, 1.15)
  const paths = pick(forms[label]).map((stroke) =>
    along({
      ...stroke,
      points: stroke.points.map(([x, y]): Point => {
        const [ownX, ownY] = [x + between(-3, 3), y + between(-3, 3)]
        return [proportion * (ownX - 50) - slant * (ownY - 70), ownY - 70]
      }),
    }),
  )
  // Ink of half a pen lies outside the points.
  const all = paths.flat()
  const [xs, ys] = [all.map(([x]) => x), all.map(([, y]) => y)]
  const [left, right, top, bottom] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)]
  const scale = (1 - pen.width) / (bottom - top)
  const scaled = paths.map((path) =>
    path.map(([x, y]): Point => [scale * (x - (left + right) / 2), scale * (y - (top + bottom) / 2)]),
  )
  return {
    label,
    svg: (ink) => scaled.map((path) => written(path, pen, ink)).join(""),
    width: scale * (right - left) + pen.width,
  }
}

/** Pixels along each side of an enlarged digit of MNIST. */
const enlarged = 448

const mnistDigit = async ({ integer }: Draw): Promise<Digit> => {
  const { label, pixels } = digitAt(integer(10_000))
  const large = await sharp(pixels, { raw: { width: 28, height: 28, channels: 1 } })
    .resize(enlarged, enlarged, { kernel: "cubic" })
    .toColourspace("b-w")
    .raw()
    .toBuffer()
  // Ink has edges where the enlarged digit has slopes. A higher level would interrupt faint strokes.
  const ink = Uint8Array.from(large, (value) => Math.min(255, Math.max(0, (value / 255 - 0.2) * 640)))
  const inked = Array.from(ink.keys()).filter((i) => ink[i] > 127)
  const [xs, ys] = [inked.map((i) => i % enlarged), inked.map((i) => Math.floor(i / enlarged))]
  const range = (values: ReadonlyArray<number>) => [
    values.reduce((least, value) => Math.min(least, value)),
    values.reduce((most, value) => Math.max(most, value)) + 1,
  ]
  const [[left, right], [top, bottom]] = [range(xs), range(ys)]
  const height = bottom - top
  const mask = await sharp(ink, { raw: { width: enlarged, height: enlarged, channels: 1 } })
    .toColourspace("b-w")
    .png()
    .toBuffer()
  const side = number(enlarged / height)
  const x = number(-(left + right) / 2 / height)
  const y = number(-(top + bottom) / 2 / height)
  return {
    label,
    svg: (colour) =>
      `<mask id="digit" maskUnits="userSpaceOnUse" x="${x}" y="${y}" width="${side}" height="${side}"><image x="${x}" y="${y}" width="${side}" height="${side}" href="data:image/png;base64,${mask.toString("base64")}"/></mask><rect x="${x}" y="${y}" width="${side}" height="${side}" fill="${colour}" mask="url(#digit)"/>`,
    width: (right - left) / height,
  }
}

/** A digit of MNIST, which has its own pen, or one written with `pen`. */
export const drawDigit = (draw: Draw, pen: Pen, isMnist: boolean): Promise<Digit> =>
  isMnist ? mnistDigit(draw) : Promise.resolve(strokeDigit(draw, pen))
