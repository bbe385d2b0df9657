/**
 * Convolution and its two gradients as products of spectra: the matrices, and where it takes far fewer multiplications.
 * Knows neither ONNX nor TensorFlow: how it is written in each is in `onnx/fourier.ts` and `tensorflow/fourier.ts`.
 *
 * Image and filter are transformed, multiplied frequency by frequency, and transformed back (Mathieu, Henaff and LeCun 2014,
 * Fast Training of Convolutional Networks through FFTs). The transforms are dense matrices, applied down and then across:
 * for images of some dozen pixels a matrix product is the fastest transform there is. Padding is a matter of places.
 * With e(t) = exp(2πit), and periods n and m so long that no product falls on an output it is no part of:
 *
 *   down      X[f] = Σ_h x[h] e(-(f + ½)·(h + top) / n), for f < n/2: x is real, so the others are the conjugates of these.
 *             With the half, no frequency is real itself; a period later the sign is another, which no output sees.
 *   across    V[f, g] = Σ_w X[f, w] e(-g·(w + left) / m), for g < m
 *   filter    U[f, g], the same with e(+…), so that the product is a correlation
 *   y[i, j] = 2/(n·m) · Re Σ_{f, g} V[f, g] U[f, g] e((f + ½)·i / n) e(g·j / m)
 *
 * A complex product is three real ones (Gauss): (a + ib)(c + id) = k1 - k3 + i(k1 + k2), where k1 = c(a + b), k2 = a(d - c) and
 * k3 = b(c + d). The sums are part of the matrices: a spectrum is real, [positions = n/2 · 3 · m, examples, channels], and
 *
 *   y = O(V·U), with V = I(x) and U = F(filter);   dx = Iᵀ(Oᵀ(dy)·Uᵀ);   dfilter = Fᵀ(Vᵀ·Oᵀ(dy)).
 *
 * V, U and Oᵀ(dy) are made once for the two that need each. Fourier's matrices are orthogonal but for a factor: rounding stays
 * that of the direct form, where Winograd's transforms make it ten times as large. What is exactly zero there, where a window sees
 * nothing but zeros, is rounded as well here: a ReLU after it has a gradient in such places, until its bias is no longer zero.
 */
import type { Window } from "../trace/graph.ts"

/** One of the three that a convolution relates: where its elements are along both axes, and how it is transformed. */
export interface Side {
  readonly rows: ReadonlyArray<number>
  readonly columns: ReadonlyArray<number>
  /** Of the exponent. */
  readonly sign: 1 | -1
  /** The three real parts of a complex number. */
  readonly parts: (re: number, im: number) => readonly [number, number, number]
  readonly scale: number
}

export interface Plan {
  /** n, even */
  readonly height: number
  /** m */
  readonly width: number
  /** Real numbers in a spectrum, of one example and channel. */
  readonly positions: number
  readonly image: Side
  readonly filter: Side
  readonly output: Side
}

const places = (length: number, step: number, first: number) =>
  Array.from({ length }, (_, i) => first + i * step)

const last = (places: ReadonlyArray<number>) => places[places.length - 1]

/** The shortest one: no place of a product, of those beyond the outputs, is a period away from an output. */
const period = (image: ReadonlyArray<number>, filter: ReadonlyArray<number>, output: ReadonlyArray<number>) =>
  Math.max(last(image) + 1, last(output) + last(filter) + 1 - image[0])

export const planOf = (window: Window): Plan => {
  const image = {
    rows: places(window.inHeight, 1, window.top),
    columns: places(window.inWidth, 1, window.left),
  }
  const filter = {
    rows: places(window.height, window.dilationHeight, 0),
    columns: places(window.width, window.dilationWidth, 0),
  }
  const output = {
    rows: places(window.outHeight, window.strideHeight, 0),
    columns: places(window.outWidth, window.strideWidth, 0),
  }
  const height = 2 * Math.ceil(period(image.rows, filter.rows, output.rows) / 2)
  const width = period(image.columns, filter.columns, output.columns)
  return {
    height,
    width,
    positions: (height / 2) * 3 * width,
    image: { ...image, sign: -1, parts: (re, im) => [re + im, re, im], scale: 1 },
    filter: { ...filter, sign: 1, parts: (re, im) => [re, im - re, re + im], scale: 1 },
    // The adjoint of what leads from the products k1, k2, k3 to y.
    output: { ...output, sign: -1, parts: (re, im) => [re + im, im, -re], scale: 2 / (height * width) },
  }
}

/**
 * The most multiplications that are worth it, as a share of the direct form's: each takes twice as long, and three times at
 * worst. Measured in both engines with some 18 windows, batches of 16 to 250.
 */
const largestShare = 0.4

/** Elements of the largest spectrum: 32 MiB. */
const largestSpectrum = 2 ** 23

/** Multiplications in the transform of one example and channel. */
const transformCost = ({ height, positions }: Plan, { columns, rows }: Side) =>
  height * rows.length * columns.length + positions * 2 * columns.length

/**
 * Equal parts of the batch, the fewest with spectra that are not too large. They save memory; a slice's spectra are not kept,
 * so the gradients make them again.
 */
export const slicesOf = ({ batch, inChannels, outChannels }: Window, { positions }: Plan): number => {
  const example = positions * Math.max(inChannels, outChannels)
  let slices = Math.max(1, Math.ceil((batch * example) / largestSpectrum))
  while (slices < batch && batch % slices !== 0) slices++
  return slices
}

/**
 * By the multiplications of a convolution, for one slice; each gradient has as many. Where all three are computed, they share
 * three of their nine transforms.
 */
export const paysInSpectra = (window: Window, isTrained: boolean): boolean => {
  const { batch, height, inChannels, outChannels, outHeight, outWidth, width } = window
  const plan = planOf(window)
  const examples = batch / slicesOf(window, plan)
  const filters = inChannels * outChannels
  const transforms =
    examples *
      (inChannels * transformCost(plan, plan.image) + outChannels * transformCost(plan, plan.output)) +
    filters * transformCost(plan, plan.filter)
  const products = examples * plan.positions * filters
  const direct = examples * outHeight * outWidth * height * width * filters
  const made = products + (isTrained ? 2 / 3 : 1) * transforms
  return made <= largestShare * direct && plan.positions * filters <= largestSpectrum
}

/** [height, places], its rows real and imaginary parts in turn. */
export const downMatrix = ({ height }: Plan, { rows, scale, sign }: Side) =>
  Array.from({ length: height }, (_, row) =>
    rows.map((place) => {
      const angle = (Math.PI * (2 * Math.floor(row / 2) + 1) * place) / height
      return scale * (row % 2 === 0 ? Math.cos(angle) : sign * Math.sin(angle))
    }),
  )

/** [3 · width, 2 · places]: from real and imaginary parts to the three parts. */
export const acrossMatrix = ({ width }: Plan, { columns, parts, sign }: Side) => {
  const angles = Array.from({ length: width }, (_, frequency) =>
    columns.map((place) => (2 * Math.PI * frequency * place) / width),
  )
  return [0, 1, 2].flatMap((part) =>
    angles.map((row) => [
      ...row.map((angle) => parts(Math.cos(angle), sign * Math.sin(angle))[part]),
      ...row.map((angle) => parts(-sign * Math.sin(angle), Math.cos(angle))[part]),
    ]),
  )
}

export type Matrix = ReadonlyArray<ReadonlyArray<number>>
export const transposed = (matrix: Matrix): Matrix => matrix[0].map((_, i) => matrix.map((row) => row[i]))
