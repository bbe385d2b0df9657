/**
 * DFT convolution: a convolution and its two gradients as products in the frequency domain, for any graph that offers a few
 * operations. Batches in slices, fused operations and caches are each engine's own (`onnx/dft.ts`, `tensorflow/dft.ts`).
 *
 * Image and filter are transformed, multiplied frequency by frequency, and transformed back (Mathieu, Henaff and LeCun 2014,
 * Fast Training of Convolutional Networks through FFTs). The transforms are dense matrices, applied along the rows and then
 * along the columns: for images of a few dozen pixels a matrix product is the fastest transform there is.
 * With e(t) = exp(2πit) and the DFT sizes n and m of `plan.ts`:
 *
 *   rows      X[f] = Σ_h x[h] e(-(f + ½)·(h + top) / n), for f < n/2: x is real, so the others are the conjugates of these.
 *             With the half, no frequency is real itself; a period later the sign changes, which no output depends on.
 *   columns   V[f, g] = Σ_w X[f, w] e(-g·(w + left) / m), for g < m
 *   filter    U[f, g], the same with e(+…), so that the product is a correlation
 *   y[i, j] = 2/(n·m) · Re Σ_{f, g} V[f, g] U[f, g] e((f + ½)·i / n) e(g·j / m)
 *
 * A complex product is three real ones (Gauss): (a + ib)(c + id) = k1 - k3 + i(k1 + k2), where k1 = c(a + b), k2 = a(d - c) and
 * k3 = b(c + d). The sums are part of the matrices. So a DFT is real, [positions = n/2 · 3 · m, examples, channels], and with
 * V = I(x), U = F(filter) and G = Oᵀ(dy):
 *
 *   y = O(V·U);   dx = Iᵀ(G·Uᵀ);   dfilter = Fᵀ(Vᵀ·G).
 *
 * Each of V, U and G is used by two of the three. DFT matrices are orthogonal up to a factor, so rounding errors stay those of
 * the direct form; Winograd's transforms make them ten times as large. Where a window covers nothing but zeros, the direct form
 * gives exactly zero and this one a rounded zero: a ReLU after it has a gradient there until its bias is no longer zero.
 */
import type { Shape, Window } from "../trace/graph.ts"
import { columnMatrix, type Matrix, rowMatrix, transposed } from "./matrices.ts"
import { type DftPlan, otherAxes, planDft, shapeOf, type SideName } from "./plan.ts"

/** The name of a tensor in a graph. */
type Name = string

/** What a graph must offer. Shapes are those of the operands. */
export interface DftOperations {
  readonly constant: (matrix: Matrix) => Name
  readonly reshape: (x: Name, shape: Shape) => Name
  /** [a, b] · [b, c] */
  readonly matMul: (a: Name, b: Name) => Name
  /** The last product of a transform back: the same, and the place to fuse what follows it. */
  readonly lastMatMul: (a: Name, b: Name) => Name
  /** At every position, [positions, a, b] · [positions, b, c], one of them transposed if so asked; or [a, b] · [positions, b, c]. */
  readonly batchMatMul: (a: Name, b: Name, transpose?: "first" | "second") => Name
  /** [examples, rows, columns, channels] -> its elements in the order [rows, columns, examples, channels] */
  readonly pixelsFirst: (image: Name, shape: Shape) => Name
  /** Elements in the order [rows, columns, examples, channels] -> [examples, rows, columns, channels] = `shape` */
  readonly examplesFirst: (pixels: Name, shape: Shape) => Name
}

interface Product {
  /** The inputs of the operation in their order. The filter comes last: it alone has no batch. */
  readonly operands: readonly [SideName, SideName]
  /** Which operand's DFT is transposed at every position. */
  readonly transpose: "first" | "second" | undefined
  readonly result: SideName
}

export const dftProducts = {
  Conv2D: { operands: ["image", "filter"], transpose: undefined, result: "output" },
  Conv2DInputGradient: { operands: ["output", "filter"], transpose: "second", result: "image" },
  Conv2DFilterGradient: { operands: ["image", "output"], transpose: "first", result: "filter" },
} as const satisfies Readonly<Record<string, Product>>
export type DftProduct = keyof typeof dftProducts

/**
 * The DFTs of both operands. The filter comes first: then the DFT of the image, which is larger, is still in the processor's
 * cache when it is multiplied. The other order takes 2 to 3 % more time to predict with cnn.ts.
 */
export const operandDfts = (
  product: DftProduct,
  dftOf: (side: SideName, operand: number) => Name,
): ReadonlyArray<Name> => {
  const { operands } = dftProducts[product]
  if (operands[1] !== "filter") return operands.map(dftOf)
  const filter = dftOf("filter", 1)
  return [dftOf(operands[0], 0), filter]
}

/** The DFT convolutions of `examples` images of a window's batch, in a graph. */
export class DftConvolution {
  readonly #operations: DftOperations
  readonly #window: Window
  readonly #examples: number
  readonly #plan: DftPlan

  constructor(operations: DftOperations, window: Window, examples: number) {
    this.#operations = operations
    this.#window = window
    this.#examples = examples
    this.#plan = planDft(window)
  }

  /** A tensor of this side -> its DFT, [positions, ...others]. */
  transform(side: SideName, x: Name): Name {
    const { batchMatMul, constant, matMul, pixelsFirst, reshape } = this.#operations
    const { columns, others, rest, rows, shape } = this.#sizes(side)
    const { height, positions } = this.#plan
    const pixels = side === "filter" ? x : pixelsFirst(x, shape)
    const flat = reshape(pixels, [rows, columns * rest])
    const complexRows = matMul(constant(rowMatrix(this.#plan, this.#plan[side])), flat)
    const complex = reshape(complexRows, [height / 2, 2 * columns, rest])
    const parts = batchMatMul(constant(columnMatrix(this.#plan, this.#plan[side])), complex)
    return reshape(parts, [positions, ...others])
  }

  /** The DFTs of both operands -> the convolution, or one of its gradients. */
  multiply(product: DftProduct, [first, second]: ReadonlyArray<Name>): Name {
    const { result, transpose } = dftProducts[product]
    return this.#transformBack(result, this.#operations.batchMatMul(first, second, transpose))
  }

  /** The adjoint of `transform`. */
  #transformBack(side: SideName, dft: Name): Name {
    const { batchMatMul, constant, examplesFirst, lastMatMul, reshape } = this.#operations
    const { columns, rest, shape } = this.#sizes(side)
    const { height, width } = this.#plan
    const parts = reshape(dft, [height / 2, 3 * width, rest])
    const complex = batchMatMul(constant(transposed(columnMatrix(this.#plan, this.#plan[side]))), parts)
    const flat = reshape(complex, [height, columns * rest])
    const pixels = lastMatMul(constant(transposed(rowMatrix(this.#plan, this.#plan[side]))), flat)
    return side === "filter" ? reshape(pixels, shape) : examplesFirst(pixels, shape)
  }

  #sizes(side: SideName) {
    const others = otherAxes(this.#window, side, this.#examples)
    return {
      rows: this.#plan[side].rows.length,
      columns: this.#plan[side].columns.length,
      others,
      rest: others[0] * others[1],
      shape: shapeOf(this.#window, side, this.#examples),
    }
  }
}
