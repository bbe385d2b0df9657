/**
 * Finds the lines of ruled paper and of printed frames: (ink, least lengths) -> pixels of long, thin, straight lines.
 *
 * A line is followed at every angle up to 12 degrees from an axis, over small gaps. Its pixels are those where the ink is
 * about as thin across the line as the line is: where a stroke crosses it, the stroke stays. Large images are searched at
 * a reduced size, because the time grows with the third power of it.
 */

export interface Ink {
  readonly width: number
  readonly height: number
  /** 1 for ink, else 0. */
  readonly mask: Uint8Array
}

export interface Lines {
  /** 1 for pixels of lines. */
  readonly mask: Uint8Array
  /** How many lines there are along the two axes. */
  readonly horizontal: number
  readonly vertical: number
}

/** In pixels: the longer side at which an image is searched. */
const searchedSide = 360
const maxDegrees = 12
const shares = {
  /** How far a line may be interrupted, and how thick it may be: of the longer side. */
  gap: 0.015,
  thickness: 0.02,
  /** The least share of a line that nothing crosses or covers. */
  thin: 0.45,
}
/** What is this many times as thick as the line is something that crosses it. */
const crossing = 1.6

const transposed = ({ height, mask, width }: Ink): Ink => {
  const out = new Uint8Array(mask.length)
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) out[x * height + y] = mask[y * width + x]
  return { width: height, height: width, mask: out }
}

/** The length of the vertical run of ink at each pixel. */
const thicknesses = ({ height, mask, width }: Ink) => {
  const out = new Uint16Array(mask.length)
  for (let x = 0; x < width; x++) {
    for (let y = 0; y < height; y++) {
      if (mask[y * width + x] === 0) continue
      let end = y
      while (end < height && mask[end * width + x] === 1) end++
      for (let at = y; at < end; at++) out[at * width + x] = end - y
      y = end
    }
  }
  return out
}

/** A piece of a line: its middle, its slope and its length. */
interface Run {
  readonly x: number
  readonly y: number
  readonly slope: number
  readonly length: number
}

/** Marks the pixels of thin runs along one slanted row that are at least `least` long. */
const followRow = (
  ink: Ink,
  thin: Uint8Array,
  { gap, least, slope, start }: { gap: number; least: number; slope: number; start: number },
  found: Uint8Array,
  runs: Array<Run>,
) => {
  const { height, mask, width } = ink
  let [from, last, inked] = [-1, -1, 0]
  const close = () => {
    if (from >= 0 && last - from + 1 >= least && inked >= shares.thin * (last - from + 1)) {
      const x = (from + last) / 2
      runs.push({ x, y: start + slope * x, slope, length: last - from + 1 })
      for (let x = from; x <= last; x++) {
        const at = Math.round(start + slope * x) * width + x
        if (thin[at] === 1) found[at] = 1
      }
    }
    from = -1
    inked = 0
  }
  for (let x = 0; x < width; x++) {
    const y = Math.round(start + slope * x)
    if (y < 0 || y >= height) continue
    const at = y * width + x
    // What crosses the line continues it.
    if (mask[at] === 1) {
      if (from < 0) from = x
      last = x
      if (thin[at] === 1) inked++
    } else if (from >= 0 && x - last > gap) close()
  }
  close()
}

/** The number of lines that the runs are pieces of, which are parallel to the longest of them. */
const countLines = (runs: ReadonlyArray<Run>, { height }: Ink) => {
  const { slope } = runs.reduce((longest, run) => (run.length > longest.length ? run : longest))
  const at = Float32Array.from(runs, ({ x, y }) => y - slope * x).sort()
  const apart = Math.max(4, 0.03 * height)
  return at.reduce((lines, y, i) => (i === 0 || y - at[i - 1] > apart ? lines + 1 : lines), 0)
}

/** Nearly horizontal lines of at least `least` pixels. */
const horizontalLines = (ink: Ink, least: number) => {
  const longer = Math.max(ink.width, ink.height)
  const [gap, maxThickness] = [Math.max(2, shares.gap * longer), Math.max(3, shares.thickness * longer)]
  const thickness = thicknesses(ink)
  const found = new Uint8Array(ink.mask.length)
  const runs: Array<Run> = []
  const search = (limit: number, slopes: ReadonlyArray<number>) => {
    const thin = Uint8Array.from(thickness, (value) => (value > 0 && value <= limit ? 1 : 0))
    found.fill(0)
    runs.length = 0
    for (const slope of slopes) {
      const drift = Math.ceil(Math.abs(slope) * ink.width)
      for (let start = -drift; start < ink.height + drift; start++) {
        followRow(ink, thin, { gap, least, slope, start }, found, runs)
      }
    }
  }
  const steepest = Math.tan((maxDegrees * Math.PI) / 180)
  // From one slope to the next, the end of a line moves by two pixels.
  const steps = Math.ceil((steepest * ink.width) / 2)
  const every = Array.from({ length: 2 * steps + 1 }, (_, i) => (steepest * (i - steps)) / steps)
  search(maxThickness, every)
  const own = thickness.filter((_, i) => found[i] === 1).sort()
  if (own.length === 0) return { found, lines: 0 }
  const usual = own[own.length >> 1]
  if (crossing * usual + 1 < maxThickness) {
    search(crossing * usual + 1, [...new Set(runs.map(({ slope }) => slope))])
  }
  // The soft edges of a line have ink, too: the whole vertical run goes.
  for (let x = 0; x < ink.width; x++) {
    for (let y = 1; y < ink.height; y++) {
      const [at, above] = [y * ink.width + x, (y - 1) * ink.width + x]
      if (found[above] === 1 && ink.mask[at] === 1 && thickness[at] === thickness[above]) found[at] = 1
    }
    for (let y = ink.height - 2; y >= 0; y--) {
      const [at, below] = [y * ink.width + x, (y + 1) * ink.width + x]
      if (found[below] === 1 && ink.mask[at] === 1 && thickness[at] === thickness[below]) found[at] = 1
    }
  }
  return { found, lines: runs.length === 0 ? 0 : countLines(runs, ink) }
}

/** Each pixel of the smaller image has ink if one of its pixels in the larger one has. */
const reduced = ({ height, mask, width }: Ink, factor: number): Ink => {
  const small = { width: Math.ceil(width / factor), height: Math.ceil(height / factor) }
  const out = new Uint8Array(small.width * small.height)
  for (let y = 0; y < height; y++) {
    const row = Math.floor(y / factor) * small.width
    for (let x = 0; x < width; x++) if (mask[y * width + x] === 1) out[row + Math.floor(x / factor)] = 1
  }
  return { ...small, mask: out }
}

/** `least`: the least length of a line along each axis, as a share of the image. */
export const findLines = (ink: Ink, least: number): Lines => {
  const { height, width } = ink
  const factor = Math.max(1, Math.ceil(Math.max(width, height) / searchedSide))
  const small = factor === 1 ? ink : reduced(ink, factor)
  const across = horizontalLines(small, least * small.width)
  const turned = transposed(small)
  const down = horizontalLines(turned, least * small.height)
  const vertical = transposed({ ...turned, mask: down.found }).mask
  const mask = new Uint8Array(width * height)
  for (let y = 0; y < height; y++) {
    const row = Math.floor(y / factor) * small.width
    for (let x = 0; x < width; x++) {
      const at = row + Math.floor(x / factor)
      mask[y * width + x] = across.found[at] | vertical[at]
    }
  }
  return { mask, horizontal: across.lines, vertical: down.lines }
}
