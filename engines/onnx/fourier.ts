/**
 * Convolution and its two gradients as products of spectra, all in MatMul: far fewer multiplications where filters are wide.
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
 * that of the direct form, where Winograd's transforms make it ten times as large.
 */
import type { Node, Shape, Value, Window } from "../trace/graph.ts"
import { type Name, OnnxGraph } from "./graph.ts"
import { imageShape, type Lowering } from "./Lowering.ts"

/** One of the three that a convolution relates: where its elements are along both axes, and how it is transformed. */
interface Side {
  readonly rows: ReadonlyArray<number>
  readonly columns: ReadonlyArray<number>
  /** Of the exponent. */
  readonly sign: 1 | -1
  /** The three real parts of a complex number. */
  readonly parts: (re: number, im: number) => readonly [number, number, number]
  readonly scale: number
}

interface Plan {
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

const planOf = (window: Window): Plan => {
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
 * worst. Measured with 18 windows, batches of 16 to 250.
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
const slicesOf = ({ batch, inChannels, outChannels }: Window, { positions }: Plan): number => {
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
const downMatrix = ({ height }: Plan, { rows, scale, sign }: Side) =>
  Array.from({ length: height }, (_, row) =>
    rows.map((place) => {
      const angle = (Math.PI * (2 * Math.floor(row / 2) + 1) * place) / height
      return scale * (row % 2 === 0 ? Math.cos(angle) : sign * Math.sin(angle))
    }),
  )

/** [3 · width, 2 · places]: from real and imaginary parts to the three parts. */
const acrossMatrix = ({ width }: Plan, { columns, parts, sign }: Side) => {
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

type Matrix = ReadonlyArray<ReadonlyArray<number>>
const transposed = (matrix: Matrix): Matrix => matrix[0].map((_, i) => matrix.map((row) => row[i]))
const constantOf = (graph: OnnxGraph, matrix: Matrix): Name =>
  graph.constant(Float32Array.from(matrix.flat()), [matrix.length, matrix[0].length])

/** [rows, columns, rest] -> [positions, rest] */
const analyze = (graph: OnnxGraph, plan: Plan, side: Side, x: Name, rest: number): Name => {
  const { columns, rows } = side
  const flat = graph.reshape(x, [rows.length, columns.length * rest])
  const down = graph.op("MatMul", [constantOf(graph, downMatrix(plan, side)), flat])
  const complex = graph.reshape(down, [plan.height / 2, 2 * columns.length, rest])
  return graph.op("MatMul", [constantOf(graph, acrossMatrix(plan, side)), complex])
}

/** The adjoint: [positions, rest] -> [rows, columns · rest], to which `bias` [columns · rest] is added. */
const synthesize = (
  graph: OnnxGraph,
  plan: Plan,
  side: Side,
  spectrum: Name,
  rest: number,
  bias: ReadonlyArray<Name> = [],
): Name => {
  const parts = graph.reshape(spectrum, [plan.height / 2, 3 * plan.width, rest])
  const complex = graph.op("MatMul", [constantOf(graph, transposed(acrossMatrix(plan, side))), parts])
  const flat = graph.reshape(complex, [plan.height, side.columns.length * rest])
  return graph.op("Gemm", [constantOf(graph, transposed(downMatrix(plan, side))), flat, ...bias])
}

/** [examples, rows, columns, channels] -> [positions, examples, channels] */
const imageSpectrum = (graph: OnnxGraph, plan: Plan, side: Side, image: Name, shape: Shape): Name => {
  const [examples, , , channels] = shape
  const pixelsFirst = graph.transpose(image, [1, 2, 0, 3])
  const spectrum = analyze(graph, plan, side, pixelsFirst, examples * channels)
  return graph.reshape(spectrum, [plan.positions, examples, channels])
}

/** [rows, columns · examples · channels] -> [examples, rows, columns, channels] */
const examplesFirst = (graph: OnnxGraph, image: Name, [examples, rows, columns, channels]: Shape): Name =>
  graph.transpose(graph.reshape(image, [rows, columns, examples, channels]), [2, 0, 1, 3])

/** [positions, in, out], made once. */
const filterSpectrum = (filter: Value, lowering: Lowering, window: Window): Name =>
  lowering.derive(filter, `spectrum ${JSON.stringify(window)}`, () => {
    const { graph } = lowering
    const { inChannels, outChannels } = window
    const plan = planOf(window)
    const spectrum = analyze(graph, plan, plan.filter, lowering.read(filter), inChannels * outChannels)
    return graph.reshape(spectrum, [plan.positions, inChannels, outChannels])
  })

/** A matrix product at every position, one of its operands transposed. */
const transposedProduct = (graph: OnnxGraph, a: Name, b: Name, which: "transA" | "transB"): Name =>
  graph.op("FusedMatMul", [a, b], { [which]: { i: 1 } }, "com.microsoft")

/**
 * What `make` computes of the spectra of images: at once, each spectrum made once and kept for who else wants it, or, where
 * they are too large, slice by slice of the batch with nothing kept: then [slices, ...shape of one].
 */
const overSlices = (
  lowering: Lowering,
  window: Window,
  images: ReadonlyArray<readonly [Value, "image" | "output"]>,
  make: (graph: OnnxGraph, spectra: ReadonlyArray<Name>, examples: number) => Name,
  shapeOf: (examples: number) => Shape,
): Name => {
  const { graph } = lowering
  const plan = planOf(window)
  const slices = slicesOf(window, plan)
  const examples = window.batch / slices
  if (slices === 1) {
    const spectra = images.map(([image, key]) =>
      lowering.derive(image, `spectrum ${key} ${JSON.stringify(window)}`, () =>
        imageSpectrum(graph, plan, plan[key], lowering.read(image), image.shape),
      ),
    )
    return make(graph, spectra, examples)
  }
  const body = new OnnxGraph("slice", graph)
  body.layer = graph.layer
  const spectra = images.map(([image, key]) => {
    const shape = [examples, ...image.shape.slice(1)]
    return imageSpectrum(body, plan, plan[key], body.input(body.fresh("slice"), shape), shape)
  })
  body.yield(make(body, spectra, examples), shapeOf(examples))
  const stacked = images.map(([image]) =>
    graph.reshape(lowering.read(image), [slices, examples, ...image.shape.slice(1)]),
  )
  return graph.op("Scan", stacked, { body: { g: body }, num_scan_inputs: { i: stacked.length } })
}

/** In blocks where the channels fill them, as the direct form leaves it. */
const writeImage = (value: Value, lowering: Lowering, image: Name): void => {
  const { blocked, graph } = lowering
  const shape = imageShape(value.shape)
  const whole = graph.reshape(image, value.shape)
  if (blocked !== undefined && shape[1] % blocked.block === 0) {
    lowering.write(value, "nchwc", blocked.reorderInput(graph, whole, shape, true))
  } else lowering.write(value, "nhwc", whole)
}

export const convolutionInSpectra = (value: Node<"Conv2D">, lowering: Lowering): void => {
  const { relu, window } = value.attributes
  const { outChannels, outWidth } = window
  const [x, filter, bias] = value.inputs as ReadonlyArray<Value | undefined> as [
    Value,
    Value,
    Value | undefined,
  ]
  const plan = planOf(window)
  const filters = filterSpectrum(filter, lowering, window)
  const biasName = bias === undefined ? undefined : lowering.read(bias)
  const shapeOf = (examples: number) => [examples, ...value.shape.slice(1)]
  const y = overSlices(
    lowering,
    window,
    [[x, "image"]],
    (graph, [images], examples) => {
      const rest = examples * outChannels
      const spread = (name: Name) => {
        const pixels = graph.op("Expand", [name, graph.ints([outWidth * examples, outChannels])])
        return graph.reshape(pixels, [outWidth * rest])
      }
      const spectrum = graph.op("MatMul", [images, filters])
      const added = biasName === undefined ? [] : [spread(biasName)]
      const sum = synthesize(graph, plan, plan.output, spectrum, rest, added)
      return examplesFirst(graph, relu ? graph.op("Relu", [sum]) : sum, shapeOf(examples))
    },
    shapeOf,
  )
  writeImage(value, lowering, y)
}

export const inputGradientInSpectra = (value: Node<"Conv2DInputGradient">, lowering: Lowering): void => {
  const { window } = value.attributes
  const [dy, filter] = value.inputs
  const plan = planOf(window)
  const filters = filterSpectrum(filter, lowering, window)
  const shapeOf = (examples: number) => [examples, ...value.shape.slice(1)]
  const dx = overSlices(
    lowering,
    window,
    [[dy, "output"]],
    (graph, [gradients], examples) => {
      const spectrum = transposedProduct(graph, gradients, filters, "transB")
      const image = synthesize(graph, plan, plan.image, spectrum, examples * window.inChannels)
      return examplesFirst(graph, image, shapeOf(examples))
    },
    shapeOf,
  )
  writeImage(value, lowering, dx)
}

export const filterGradientInSpectra = (value: Node<"Conv2DFilterGradient">, lowering: Lowering): void => {
  const { window } = value.attributes
  const [x, dy] = value.inputs
  const plan = planOf(window)
  const parts = overSlices(
    lowering,
    window,
    [
      [x, "image"],
      [dy, "output"],
    ],
    (graph, [images, gradients]) => {
      const spectrum = transposedProduct(graph, images, gradients, "transA")
      const { inChannels, outChannels } = window
      const gradient = synthesize(graph, plan, plan.filter, spectrum, inChannels * outChannels)
      return graph.reshape(gradient, value.shape)
    },
    () => value.shape,
  )
  const { graph } = lowering
  const sum = () => graph.op("ReduceSum", [parts, graph.ints([0])], { keepdims: { i: 0 } })
  lowering.write(value, "nhwc", slicesOf(window, plan) === 1 ? parts : sum())
}
