/**
 * The sheet of paper in a photograph that also shows what it lies on: (gray image) -> a part that is all paper.
 *
 * Cells as bright as their neighbours belong together. A sheet is a large group of them, convex once what is on it counts
 * as paper too, about a rectangle where all of it is seen, and lighter than what is around it: a table, or the dark under a
 * scanner's lid.
 */
import { coarse } from "./cells.ts"
import { type GrayImage, quantile } from "./GrayImage.ts"

export interface Sheet {
  /** Pixels of the image: [from, until). */
  readonly left: number
  readonly top: number
  readonly right: number
  readonly bottom: number
}

/** Smaller images are no photographs. */
const smallest = 64
/** Shadows and lamps change the paper less than this from one cell to the next, in gray levels. */
const step = 10
/** A sheet is this much lighter than what is around it, in gray levels. */
const lighter = 20
const shares = {
  /** Of the image, a sheet covers this much at least and at most: what covers more has nothing around it. */
  least: 0.2,
  most: 0.97,
  /** Of a sheet, what is paper and not a mark. */
  paper: 0.6,
  /** Of its convex hull, a sheet; and of the smallest rectangle around it, which a bold 0 or 8 fills less of. */
  solid: 0.85,
  rectangle: 0.85,
}

type Cells = Pick<GrayImage, "width" | "height">

const neighbours = (cell: number, { height, width }: Cells) => {
  const x = cell % width
  const found: Array<number> = []
  if (x > 0) found.push(cell - 1)
  if (x < width - 1) found.push(cell + 1)
  if (cell >= width) found.push(cell - width)
  if (cell < width * (height - 1)) found.push(cell + width)
  return found
}

/** All cells that are reached from `start` by steps that `joined` allows, marked in `seen`. */
const flood = (
  start: ReadonlyArray<number>,
  cells: Cells,
  seen: Uint8Array,
  joined: (from: number, to: number) => boolean,
) => {
  const reached = start.filter((cell) => seen[cell] === 0)
  for (const cell of reached) seen[cell] = 1
  for (let next = 0; next < reached.length; next++) {
    for (const to of neighbours(reached[next], cells)) {
      if (seen[to] === 1 || !joined(reached[next], to)) continue
      seen[to] = 1
      reached.push(to)
    }
  }
  return reached
}

const onEdge = (cell: number, { height, width }: Cells) => {
  const x = cell % width
  return x === 0 || x === width - 1 || cell < width || cell >= width * (height - 1)
}

/** A group of cells with the holes in it: 1 in it, else 0. */
const filled = (group: ReadonlyArray<number>, cells: Cells) => {
  const outside = new Uint8Array(cells.width * cells.height)
  const inGroup = new Set(group)
  const edges = Array.from(outside.keys()).filter((cell) => onEdge(cell, cells) && !inGroup.has(cell))
  flood(edges, cells, outside, (_, to) => !inGroup.has(to))
  return outside.map((out) => 1 - out)
}

type Point = readonly [x: number, y: number]

/** The convex hull of marked cells, counterclockwise: Andrew's monotone chain over their corners. */
const hullOf = (mask: Uint8Array, { width }: Cells): ReadonlyArray<Point> => {
  const corners: Array<Point> = []
  mask.forEach((one, cell) => {
    const x = cell % width
    const y = Math.floor(cell / width)
    if (one === 1) corners.push([x, y], [x + 1, y], [x, y + 1], [x + 1, y + 1])
  })
  corners.sort(([ax, ay], [bx, by]) => ax - bx || ay - by)
  const half = (points: ReadonlyArray<Point>) => {
    const chain: Array<Point> = []
    for (const point of points) {
      while (chain.length > 1) {
        const [[ax, ay], [bx, by]] = chain.slice(-2)
        if ((bx - ax) * (point[1] - ay) - (by - ay) * (point[0] - ax) > 0) break
        chain.pop()
      }
      chain.push(point)
    }
    return chain.slice(0, -1)
  }
  return [...half(corners), ...half(corners.toReversed())]
}

/** Each edge of a polygon: from a corner to the next. */
const edgesOf = (polygon: ReadonlyArray<Point>) =>
  polygon.map((from, i) => ({ from, to: polygon[(i + 1) % polygon.length] }))

/** Gauss's formula. */
const areaOf = (polygon: ReadonlyArray<Point>) =>
  edgesOf(polygon).reduce((sum, { from: [ax, ay], to: [bx, by] }) => sum + ax * by - bx * ay, 0) / 2

/** Of the smallest rectangle around a hull, one of whose sides lies on one of the hull's. */
const rectangleAreaAround = (hull: ReadonlyArray<Point>) => {
  const areas = edgesOf(hull).map(({ from, to }) => {
    const angle = Math.atan2(to[1] - from[1], to[0] - from[0])
    const extent = (cos: number, sin: number) => {
      const along = hull.map(([x, y]) => x * cos + y * sin)
      return Math.max(...along) - Math.min(...along)
    }
    return extent(Math.cos(angle), Math.sin(angle)) * extent(-Math.sin(angle), Math.cos(angle))
  })
  return Math.min(...areas)
}

/** Cells whose neighbours are all marked; the image's edge takes nothing off. */
const eroded = (mask: Uint8Array, { height, width }: Cells) =>
  mask.map((one, cell) => {
    const x = cell % width
    const y = Math.floor(cell / width)
    for (let ny = Math.max(0, y - 1); ny <= Math.min(height - 1, y + 1); ny++) {
      for (let nx = Math.max(0, x - 1); nx <= Math.min(width - 1, x + 1); nx++) {
        if (mask[ny * width + nx] === 0) return 0
      }
    }
    return one
  })

/** A rectangle of marked cells alone: from the whole, the side with the largest share of others goes, again and again. */
const rectangleIn = (mask: Uint8Array, { height, width }: Cells) => {
  const box = { left: 0, top: 0, right: width, bottom: height }
  const others = (left: number, top: number, right: number, bottom: number) => {
    let count = 0
    for (let y = top; y < bottom; y++) for (let x = left; x < right; x++) count += 1 - mask[y * width + x]
    return count / ((right - left) * (bottom - top))
  }
  while (box.left < box.right && box.top < box.bottom) {
    const { bottom, left, right, top } = box
    if (others(left, top, right, bottom) === 0) return box
    const sides = [
      { share: others(left, top, left + 1, bottom), cut: () => box.left++ },
      { share: others(left, top, right, top + 1), cut: () => box.top++ },
      { share: others(right - 1, top, right, bottom), cut: () => box.right-- },
      { share: others(left, bottom - 1, right, bottom), cut: () => box.bottom-- },
    ]
    sides.reduce((worst, side) => (side.share > worst.share ? side : worst)).cut()
  }
  return undefined
}

/** The sheets an image shows with something around them, the largest first. */
export const findSheets = (image: GrayImage): ReadonlyArray<Sheet> => {
  if (Math.max(image.width, image.height) < smallest) return []
  const { cells, size } = coarse(image)
  const { pixels } = cells
  const seen = new Uint8Array(pixels.length)
  const sheets: Array<{ readonly area: number; readonly sheet: Sheet }> = []
  for (let start = 0; start < pixels.length; start++) {
    const group = flood([start], cells, seen, (from, to) => Math.abs(pixels[from] - pixels[to]) < step)
    if (group.length < shares.least * shares.paper * pixels.length) continue
    const mask = filled(group, cells)
    const area = mask.reduce((sum, one) => sum + one, 0)
    if (area < shares.least * pixels.length || area > shares.most * pixels.length) continue
    const hull = hullOf(mask, cells)
    if (group.length < shares.paper * area || area < shares.solid * areaOf(hull)) continue
    // One that is cut off may have any number of corners.
    const cutOff = group.some((cell) => onEdge(cell, cells))
    if (!cutOff && area < shares.rectangle * rectangleAreaAround(hull)) continue
    const around = pixels.filter((_, cell) => mask[cell] === 0)
    const own = Float32Array.from(group, (cell) => pixels[cell])
    if (quantile(own, 0.5) - quantile(around, 0.5) < lighter) continue
    const box = rectangleIn(eroded(mask, cells), cells)
    if (box === undefined) continue
    const sheet = {
      left: box.left * size,
      top: box.top * size,
      right: Math.min(image.width, box.right * size),
      bottom: Math.min(image.height, box.bottom * size),
    }
    sheets.push({ area, sheet })
  }
  return sheets.sort((a, b) => b.area - a.area).map(({ sheet }) => sheet)
}
