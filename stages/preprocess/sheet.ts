/**
 * Finds sheets of paper in a photograph that also shows what they lie on: (gray image) -> views that show only a sheet.
 *
 * Neighbouring cells of similar brightness form a group. A sheet is a large group that is convex once the marks on it are
 * filled in, is about a rectangle if all of it is visible, and is lighter or darker than its surroundings: a table, the
 * dark under the lid of a scanner, or the page around a blackboard. Its outline is the convex hull of its pixels, so that
 * a mark may come close to it.
 */
import { coarse } from "./cells.ts"
import { crop, type GrayImage, quantile } from "./GrayImage.ts"
import { fitQuadratic } from "./quadratic.ts"
import type { View } from "./View.ts"

/** In pixels. Smaller images are not photographs. */
const minSide = 64
/** In gray levels. Shadows and lamps change the paper less than this from one cell to the next. */
const maxStep = 10
/** In gray levels. A sheet differs from its surroundings at least this much. */
const minContrast = 20
const shares = {
  /** The least and the greatest share of the image that a sheet covers. What covers more has no surroundings. */
  least: 0.08,
  most: 0.97,
  /** The least share of the image that a group of cells covers. */
  part: 0.03,
  /** The least share of a sheet that is paper and not a mark. */
  paper: 0.35,
  /** The least share of its convex hull that a sheet fills. A shadow across it leaves a bay. */
  solid: 0.85,
  /** The least share of the smallest rectangle around it that the hull of a sheet fills. A bold 0 or 8 fills less. */
  rectangle: 0.85,
  /** Of the contrast to the surroundings: what differs less from the paper is paper. */
  paperContrast: 0.4,
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

/** Cells that are marked or have a marked neighbour. */
const dilated = (mask: Uint8Array, cells: Cells) =>
  mask.map((one, cell) => (one === 1 || neighbours(cell, cells).some((next) => mask[next] === 1) ? 1 : 0))

/** In cells: what a mark that comes close to the edge of a sheet may open of that edge is twice as wide. */
const closingRadius = 3

/**
 * The group with its holes filled: marks. A mark that comes so close to the edge of the sheet that no cell of paper is
 * between them is no hole, so that narrow openings are closed first.
 */
const withMarks = (group: ReadonlyArray<number>, cells: Cells): Uint8Array => {
  let grown = new Uint8Array(cells.width * cells.height)
  for (const cell of group) grown[cell] = 1
  for (let i = 0; i < closingRadius; i++) grown = dilated(grown, cells)
  // Shrinking is growing what is outside.
  let outside = filled(
    Array.from(grown.keys()).filter((cell) => grown[cell] === 1),
    cells,
  ).map((one) => 1 - one)
  for (let i = 0; i < closingRadius; i++) outside = dilated(outside, cells)
  const closed = outside.map((one) => 1 - one)
  for (const cell of group) closed[cell] = 1
  return closed
}

type Point = readonly [x: number, y: number]

/** The corners of marked cells or pixels that may be corners of their hull: those at the ends of each row. */
const cornersOf = (mask: Uint8Array, { height, width }: Cells): Array<Point> => {
  const corners: Array<Point> = []
  for (let y = 0; y < height; y++) {
    const left = mask.subarray(y * width, (y + 1) * width).indexOf(1)
    if (left < 0) continue
    const right = mask.subarray(y * width, (y + 1) * width).lastIndexOf(1) + 1
    corners.push([left, y], [right, y], [left, y + 1], [right, y + 1])
  }
  return corners
}

/** The convex hull, counterclockwise: Andrew's monotone chain (1979). */
const hullOf = (corners: Array<Point>): ReadonlyArray<Point> => {
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

/** In pixels: the edge of a sheet is blurred, and casts a shadow. */
const edgeOf = ({ height, width }: Cells) => Math.max(2, Math.round(Math.max(width, height) / 250))

/** 1 in the polygon, at least `edge` away from its sides, but not from those at the edge of the image. */
const maskInside = (hull: ReadonlyArray<Point>, { height, width }: Cells, edge: number) => {
  const mask = new Uint8Array(width * height)
  const sides = edgesOf(hull).map(({ from: [ax, ay], to: [bx, by] }) => {
    const length = Math.hypot(bx - ax, by - ay)
    // The inside is on the left of a side.
    const [nx, ny] = [(ay - by) / length, (bx - ax) / length]
    const isCut = (ax === bx && (ax <= 1 || ax >= width - 1)) || (ay === by && (ay <= 1 || ay >= height - 1))
    return { nx, ny, least: nx * ax + ny * ay + (isCut ? 0 : edge) }
  })
  for (let y = 0; y < height; y++) {
    let [left, right] = [0, width]
    for (const { least, nx, ny } of sides) {
      const rest = least - ny * (y + 0.5)
      if (nx > 1e-9) left = Math.max(left, rest / nx - 0.5)
      else if (nx < -1e-9) right = Math.min(right, rest / nx + 0.5)
      else if (rest > 0) right = 0
    }
    const [from, until] = [Math.ceil(left), Math.floor(right)]
    if (until > from) mask.fill(1, y * width + from, y * width + until)
  }
  return mask
}

/** The view of a sheet, given the cells that show its paper, and these with their holes filled. */
const viewOf = (
  image: GrayImage,
  { cells, size }: ReturnType<typeof coarse>,
  { contrast, group, mask }: NonNullable<ReturnType<typeof sheetOf>>,
): View | undefined => {
  const weights = new Float32Array(cells.pixels.length)
  for (const cell of group) weights[cell] = 1
  const surface = fitQuadratic(cells, weights)
  const paper = surface.map((value, cell) => (weights[cell] === 1 ? cells.pixels[cell] : value))
  const near = dilated(mask, cells)
  const { height, width } = image
  const cellAt = (x: number, y: number) => Math.floor(y / size) * cells.width + Math.floor(x / size)
  const isPaper = new Uint8Array(width * height)
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const cell = cellAt(x, y)
      if (near[cell] === 0) continue
      if (Math.abs(image.pixels[y * width + x] - paper[cell]) < shares.paperContrast * contrast) {
        isPaper[y * width + x] = 1
      }
    }
  }
  const connected = new Uint8Array(width * height)
  const starts = group.map((cell) => {
    const x = Math.min(width - 1, Math.floor(((cell % cells.width) + 0.5) * size))
    const y = Math.min(height - 1, Math.floor((Math.floor(cell / cells.width) + 0.5) * size))
    return y * width + x
  })
  flood(
    starts.filter((pixel) => isPaper[pixel] === 1),
    image,
    connected,
    (_, to) => isPaper[to] === 1,
  )
  const corners = cornersOf(connected, image)
  if (corners.length === 0) return undefined
  const inside = maskInside(hullOf(corners), image, edgeOf(image))
  const filledIn = image.pixels.map((value, i) =>
    inside[i] === 1 ? value : paper[cellAt(i % width, Math.floor(i / width))],
  )
  return cropped({ ...image, pixels: filledIn }, inside)
}

/** The image and its mask without the rows and columns in which nothing is inside. */
const cropped = (image: GrayImage, inside: Uint8Array): View | undefined => {
  const { height, width } = image
  const rows = Array.from({ length: height }, (_, y) => y).filter((y) =>
    inside.subarray(y * width, (y + 1) * width).includes(1),
  )
  if (rows.length === 0) return undefined
  const lines = rows.map((y) => inside.subarray(y * width, (y + 1) * width))
  const left = lines.reduce((least, line) => Math.min(least, line.indexOf(1)), width)
  const right = lines.reduce((most, line) => Math.max(most, line.lastIndexOf(1) + 1), 0)
  const box = { left, top: rows[0], right, bottom: rows[rows.length - 1] + 1 }
  const mask = crop({ width, height, pixels: Float32Array.from(inside) }, box)
  return { image: crop(image, box), inside: Uint8Array.from(mask.pixels), kind: "sheet" }
}

/** The group, its holes filled, and how much it differs from its surroundings, if it has the form of a sheet. */
const sheetOf = (group: ReadonlyArray<number>, cells: GrayImage) => {
  const { pixels } = cells
  const mask = withMarks(group, cells)
  const area = mask.reduce((sum, one) => sum + one, 0)
  if (area < shares.least * pixels.length || area > shares.most * pixels.length) return undefined
  const hull = hullOf(cornersOf(mask, cells))
  if (group.length < shares.paper * area || area < shares.solid * areaOf(hull)) return undefined
  // A sheet that the image cuts off may have any number of corners.
  const isCutOff = group.some((cell) => onEdge(cell, cells))
  if (!isCutOff && areaOf(hull) < shares.rectangle * rectangleAreaAround(hull)) return undefined
  const around = pixels.filter((_, cell) => mask[cell] === 0)
  const own = Float32Array.from(group, (cell) => pixels[cell])
  const contrast = Math.abs(quantile(own, 0.5) - quantile(around, 0.5))
  return contrast < minContrast ? undefined : { area, contrast, group, mask }
}

/** The group with all cells of its brightness: a mark from edge to edge divides the paper of a sheet. */
const withOthers = (group: ReadonlyArray<number>, { pixels }: GrayImage) => {
  const own = Float32Array.from(group, (cell) => pixels[cell])
  const [least, most] = [quantile(own, 0.02) - maxStep, quantile(own, 0.98) + maxStep]
  return Array.from(pixels.keys()).filter((cell) => pixels[cell] > least && pixels[cell] < most)
}

/** The sheets that an image shows with surroundings, the largest first. */
export const findSheets = (image: GrayImage): ReadonlyArray<View> => {
  if (Math.max(image.width, image.height) < minSide) return []
  const coarsened = coarse(image)
  const { cells } = coarsened
  const { pixels } = cells
  const visited = new Uint8Array(pixels.length)
  const sheets: Array<{ readonly area: number; readonly view: View }> = []
  for (let start = 0; start < pixels.length; start++) {
    const group = flood([start], cells, visited, (from, to) => Math.abs(pixels[from] - pixels[to]) < maxStep)
    if (group.length < shares.part * pixels.length) continue
    const sheet = sheetOf(group, cells) ?? sheetOf(withOthers(group, cells), cells)
    if (sheet === undefined) continue
    const view = viewOf(image, coarsened, sheet)
    if (view !== undefined) sheets.push({ area: sheet.area, view })
  }
  return sheets.sort((a, b) => b.area - a.area).map(({ view }) => view)
}
