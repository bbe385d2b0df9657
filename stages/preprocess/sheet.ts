/**
 * Finds sheets of paper in a photograph that also shows what they lie on: (gray image) -> rectangles that show only paper.
 *
 * Neighbouring cells of similar brightness form a group. A sheet is a large group that is convex once the marks on it are
 * filled in, is about a rectangle if all of it is visible, and is lighter than its surroundings: a table, or the dark under
 * the lid of a scanner.
 */
import { coarse } from "./cells.ts"
import { type GrayImage, quantile } from "./GrayImage.ts"

export interface Sheet {
  /** In pixels of the image: [left, right) and [top, bottom). */
  readonly left: number
  readonly top: number
  readonly right: number
  readonly bottom: number
}

/** In pixels. Smaller images are not photographs. */
const minSide = 64
/** In gray levels. Shadows and lamps change the paper less than this from one cell to the next. */
const maxStep = 10
/** In gray levels. A sheet is at least this much lighter than its surroundings. */
const minContrast = 20
const shares = {
  /** The least and the greatest share of the image that a sheet covers. What covers more has no surroundings. */
  least: 0.2,
  most: 0.97,
  /** The least share of a sheet that is paper and not a mark. */
  paper: 0.6,
  /**
   * The least share of its convex hull, and of the smallest rectangle around it, that a sheet fills. A bold 0 or 8
   * fills less.
   */
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

/** All cells that are reached from `start` by steps for which `joined` is true. They are marked in `visited`. */
const flood = (
  start: ReadonlyArray<number>,
  cells: Cells,
  visited: Uint8Array,
  joined: (from: number, to: number) => boolean,
) => {
  const reached = start.filter((cell) => visited[cell] === 0)
  for (const cell of reached) visited[cell] = 1
  for (let next = 0; next < reached.length; next++) {
    for (const to of neighbours(reached[next], cells)) {
      if (visited[to] === 1 || !joined(reached[next], to)) continue
      visited[to] = 1
      reached.push(to)
    }
  }
  return reached
}

const onEdge = (cell: number, { height, width }: Cells) => {
  const x = cell % width
  return x === 0 || x === width - 1 || cell < width || cell >= width * (height - 1)
}

/** A group of cells with its holes filled: 1 inside, else 0. */
const filled = (group: ReadonlyArray<number>, cells: Cells) => {
  const outside = new Uint8Array(cells.width * cells.height)
  const inGroup = new Set(group)
  const edges = Array.from(outside.keys()).filter((cell) => onEdge(cell, cells) && !inGroup.has(cell))
  flood(edges, cells, outside, (_, to) => !inGroup.has(to))
  return outside.map((out) => 1 - out)
}

type Point = readonly [x: number, y: number]

/** The convex hull of marked cells, counterclockwise: Andrew's monotone chain (1979) over their corners. */
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

/** The edges of a polygon, each from a corner to the next. */
const edgesOf = (polygon: ReadonlyArray<Point>) =>
  polygon.map((from, i) => ({ from, to: polygon[(i + 1) % polygon.length] }))

/** The shoelace formula. */
const areaOf = (polygon: ReadonlyArray<Point>) =>
  edgesOf(polygon).reduce((sum, { from: [ax, ay], to: [bx, by] }) => sum + ax * by - bx * ay, 0) / 2

/** The area of the smallest rectangle around a hull. One side of it lies on a side of the hull. */
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

/** Cells whose neighbours are all marked. Cells outside the image count as marked. */
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

/**
 * A rectangle that holds only marked cells. Starts from all cells and removes the side with the largest share of
 * others, repeatedly.
 */
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

/** The sheets that an image shows with surroundings, the largest first. */
export const findSheets = (image: GrayImage): ReadonlyArray<Sheet> => {
  if (Math.max(image.width, image.height) < minSide) return []
  const { cells, size } = coarse(image)
  const { pixels } = cells
  const visited = new Uint8Array(pixels.length)
  const sheets: Array<{ readonly area: number; readonly sheet: Sheet }> = []
  for (let start = 0; start < pixels.length; start++) {
    const group = flood([start], cells, visited, (from, to) => Math.abs(pixels[from] - pixels[to]) < maxStep)
    if (group.length < shares.least * shares.paper * pixels.length) continue
    const mask = filled(group, cells)
    const area = mask.reduce((sum, one) => sum + one, 0)
    if (area < shares.least * pixels.length || area > shares.most * pixels.length) continue
    const hull = hullOf(mask, cells)
    if (group.length < shares.paper * area || area < shares.solid * areaOf(hull)) continue
    // A sheet that the image cuts off may have any number of corners.
    const isCutOff = group.some((cell) => onEdge(cell, cells))
    if (!isCutOff && area < shares.rectangle * rectangleAreaAround(hull)) continue
    const around = pixels.filter((_, cell) => mask[cell] === 0)
    const own = Float32Array.from(group, (cell) => pixels[cell])
    if (quantile(own, 0.5) - quantile(around, 0.5) < minContrast) continue
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
