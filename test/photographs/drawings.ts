/** What photographs of digits are drawn with: paper, ruling, sheets, a digit in its place. Sizes are in pixels. */
import type { Sharp } from "sharp"
import { type Drawing, type Shot, take } from "./camera.ts"
import type { Draw } from "./draw.ts"
import { type Digit, type Pen, roundPen } from "./handwriting.ts"

export interface Kind {
  readonly pen: (draw: Draw) => Pen
  /** Whether a digit of MNIST, which has a pen of its own, can be of this kind. */
  readonly hasMnist: boolean
  readonly make: (draw: Draw, digit: Digit) => Promise<Uint8Array>
}

export const black = "#1b1b22"
export const white = "#f4f2ec"

export const rectangle = (x: number, y: number, width: number, height: number, rest: string) =>
  `<rect x="${x}" y="${y}" width="${width}" height="${height}" ${rest}/>`
export const line = (x1: number, y1: number, x2: number, y2: number, rest: string) =>
  `<line x1="${x1}" y1="${y1}" x2="${x2}" y2="${y2}" ${rest}/>`
export const circle = (x: number, y: number, r: number, rest: string) =>
  `<circle cx="${x}" cy="${y}" r="${r}" ${rest}/>`
/** The digit with its centre at (x, y). */
export const place = (digit: Digit, ink: string, x: number, y: number, height: number) =>
  `<g transform="translate(${x} ${y}) scale(${height})">${digit.svg(ink)}</g>`

/** The view of a camera; drawings are `overscan` times as large. */
export const view = { width: 400, height: 440 }
export const overscan = 1.5
export const [drawnWidth, drawnHeight] = [overscan * view.width, overscan * view.height]

export const paper = (colour: string) => rectangle(0, 0, drawnWidth, drawnHeight, `fill="${colour}"`)
export const drawing = (...parts: ReadonlyArray<string>): Drawing => ({
  width: drawnWidth,
  height: drawnHeight,
  svg: parts.join(""),
})

/** A digit somewhere near the middle of the view, as a whole. */
export const somewhere = (draw: Draw, digit: Digit, ink: string, tallest = draw.between(110, 260)) => {
  const height = Math.min(tallest, (0.75 * view.width) / digit.width)
  const room = (length: number, own: number) => Math.max(0, 0.35 * (length - own) - 10)
  const x = drawnWidth / 2 + draw.between(-1, 1) * room(view.width, digit.width * height)
  const y = drawnHeight / 2 + draw.between(-1, 1) * room(view.height, height)
  return place(digit, ink, x, y, height)
}

export const jpeg = async (image: Sharp, quality = 85) =>
  new Uint8Array(await image.jpeg({ quality }).toBuffer())
export const png = async (image: Sharp) => new Uint8Array(await image.png().toBuffer())

export const fineliner = ({ between }: Draw) => roundPen(between(0.06, 0.11))
export const usual = { pen: fineliner, hasMnist: true }

/** A digit on paper with something done by light and camera. */
export const shotOf =
  (shot: (draw: Draw) => Partial<Shot>, quality = 85): Kind["make"] =>
  async (draw, digit) =>
    jpeg(
      await take(
        drawing(paper(white), somewhere(draw, digit, black)),
        { ...view, angle: draw.between(-3, 3), ...shot(draw) },
        draw,
      ),
      quality,
    )

/** A digit on paper on which other things are, too. */
export const withMarks =
  (marks: (draw: Draw) => string, ink: (draw: Draw) => string = () => black): Kind["make"] =>
  async (draw, digit) =>
    jpeg(
      await take(
        drawing(paper(white), marks(draw), somewhere(draw, digit, ink(draw))),
        { ...view, angle: draw.between(-3, 3), noise: 2 },
        draw,
      ),
    )

export const ruling = (gap: number, colour: string, width: number, isSquared: boolean) => {
  const style = `stroke="${colour}" stroke-width="${width}"`
  const rows = Array.from({ length: Math.ceil(drawnHeight / gap) }, (_, i) =>
    line(0, i * gap, drawnWidth, i * gap, style),
  )
  const columns = Array.from({ length: isSquared ? Math.ceil(drawnWidth / gap) : 0 }, (_, i) =>
    line(i * gap, 0, i * gap, drawnHeight, style),
  )
  return [...rows, ...columns].join("")
}

/** A sheet on something else: a rectangle with round corners around the digit, `margins` away from its ink. */
export const onSheet = (
  digit: Digit,
  height: number,
  colours: { readonly around: string; readonly sheet: string; readonly ink: string },
  margins: readonly [left: number, top: number, right: number, bottom: number],
  corner: number,
) => {
  const [width, x, y] = [digit.width * height, drawnWidth / 2, drawnHeight / 2]
  const [left, top, right, bottom] = margins
  return drawing(
    paper(colours.around),
    rectangle(
      x - width / 2 - left,
      y - height / 2 - top,
      width + left + right,
      height + top + bottom,
      `fill="${colours.sheet}" rx="${corner}"`,
    ),
    place(digit, colours.ink, x, y, height),
  )
}
