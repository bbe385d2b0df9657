/**
 * Updates of large matrices tile by tile: (next values, Lowering) -> a Scan over tiles of rows.
 *
 * An optimizer makes a dozen passes over a weight and its slots. For a dense layer with millions of weights each pass goes to
 * memory. Here a tile of the gradient is computed, and all passes are made over it, while it is in the cache. Tiled are: next
 * values of one shape [rows, columns], the arithmetic on elements that computes them, and the products xᵀ·dy at its start.
 * Such a variable is [tiles, rows / tiles, columns] as an input of the model, because a scan needs its tiles stacked and a
 * change of shape would be a copy.
 */
import { sameShape, type Shape, sizeOf, type Value } from "../../trace/graph.ts"
import { type ElementOperation, operators } from "../../operators.ts"
import { exactOperations } from "../../trace/pack.ts"
import { type Name, OnnxGraph } from "../graph.ts"
import type { Lowering } from "./Lowering.ts"

/** Smaller matrices stay in the cache without tiles. */
const smallestTiled = 2 ** 19
/** Approximate number of elements in a tile: 2^16 to 2^18 take the same time, 2^14 a fifth more. */
const tileSize = 2 ** 18

/** The operator of an operation that a tile may have. */
const operatorOf = ({ op }: Value): string | undefined =>
  exactOperations.has(op) ? operators[op as ElementOperation].onnx : undefined

export interface Tiling {
  readonly shape: Shape
  /** [tiles, rows / tiles, columns] */
  readonly tiledShape: readonly [number, number, number]
  /** The next values that it computes. */
  readonly outputs: ReadonlyArray<Value>
  /** All values that it computes, inputs before users. */
  readonly inside: ReadonlyArray<Value>
}

const tilesOf = (rows: number, columns: number): number => {
  const wanted = (rows * columns) / tileSize
  let best = 1
  for (let tiles = 2; tiles <= rows && tiles <= 2 * wanted; tiles++) {
    if (rows % tiles === 0 && Math.abs(tiles - wanted) < Math.abs(best - wanted)) best = tiles
  }
  return best
}

const isProduct = (value: Value): boolean =>
  value.op === "MatMul" &&
  value.attributes.transposeA &&
  !value.attributes.transposeB &&
  !value.attributes.relu &&
  value.inputs.length === 2

/** The tilings that save time. `values`: all values, inputs before users. */
export const findTilings = (
  next: ReadonlyArray<Value>,
  values: ReadonlyArray<Value>,
  users: (value: Value) => ReadonlyArray<Value>,
): ReadonlyArray<Tiling> => {
  const shapes = new Map<string, Shape>()
  for (const { shape } of next) {
    if (shape.length === 2 && sizeOf(shape) >= smallestTiled) shapes.set(shape.join(), shape)
  }
  return [...shapes.values()].flatMap((shape) => {
    const [rows, columns] = shape
    const tiles = tilesOf(rows, columns)
    const isCandidate = (value: Value) =>
      sameShape(value.shape, shape) && (exactOperations.has(value.op) || isProduct(value))
    const outputs = next.filter(isCandidate)
    if (tiles === 1 || outputs.length === 0) return []
    const inside = new Set<Value>()
    // Users first: a value is tiled if all its users are, and read it tile by tile, which a product does not.
    for (const value of values.toReversed()) {
      if (!isCandidate(value)) continue
      const usedBy = users(value)
      const wanted = usedBy.length > 0 || outputs.includes(value)
      if (wanted && usedBy.every((user) => inside.has(user) && !isProduct(user))) inside.add(value)
    }
    // If a next value has other users too, it is not tiled, nor what only it needs.
    if (!outputs.every((output) => inside.has(output))) return []
    return [
      {
        shape,
        tiledShape: [tiles, rows / tiles, columns] as const,
        outputs: [...new Set(outputs)],
        inside: values.filter((value) => inside.has(value)),
      },
    ]
  })
}

/** Adds the scan to the graph. Its operands are already lowered. Returns the names of the tiled outputs. */
export const lowerTiling = (
  { inside, outputs, shape, tiledShape }: Tiling,
  lowering: Lowering,
  /** The names of variables that have the tiled shape. */
  tiledNames: ReadonlyMap<Value, Name>,
): ReadonlyMap<Value, Name> => {
  const { graph } = lowering
  const [tiles, rows, columns] = tiledShape
  graph.layer = outputs[0].layer
  const body = new OnnxGraph("tile", graph)
  const scanned: Array<Name> = []
  const names = new Map<Value, Name>()
  /** A tile of a stack of tiles. */
  const scan = (stacked: Name, tile: Shape): Name => {
    scanned.push(stacked)
    return body.input(body.fresh("tile"), tile)
  }
  const operand = (value: Value): Name => {
    const known = names.get(value)
    if (known !== undefined) return known
    if (!sameShape(value.shape, shape)) return lowering.read(value)
    const stacked = tiledNames.get(value) ?? graph.reshape(lowering.read(value), tiledShape)
    const name = scan(stacked, [rows, columns])
    names.set(value, name)
    return name
  }
  for (const value of inside) {
    body.layer = value.layer
    const operator = operatorOf(value)
    if (operator !== undefined) {
      names.set(value, body.op(operator, value.inputs.map(operand)))
    } else {
      const [x, dy] = value.inputs
      const batch = x.shape[0]
      const transposed = graph.transpose(lowering.read(x), [1, 0])
      const tile = scan(graph.reshape(transposed, [tiles, rows, batch]), [rows, batch])
      names.set(value, body.op("MatMul", [tile, lowering.read(dy)]))
    }
  }
  for (const output of outputs) body.yield(operand(output), [rows, columns])
  const results = graph.ops("Scan", scanned, outputs.length, {
    body: { g: body },
    num_scan_inputs: { i: scanned.length },
  })
  return new Map(outputs.map((output, i) => [output, results[i]]))
}
