/**
 * Convolutions as products of spectra (`../dft/tables.ts`), all in MatMul and BatchMatMulV2.
 *
 * V, U and Oᵀ(dy) are made once for the two that need each, or again for every slice of a batch whose spectra are large: each
 * slice waits for the one before it, so that no two of a convolution are in memory.
 */
import {
  acrossMatrix,
  downMatrix,
  type Matrix,
  type Plan,
  planOf,
  paysInSpectra,
  type Side,
  slicesOf,
  transposed,
} from "../dft/tables.ts"
import type { Node, Shape, Value, Window } from "../trace/graph.ts"
import { after, type Name, type TensorFlowGraph, typeAttribute } from "./graph.ts"

const T = typeAttribute("float32")
const index = typeAttribute("int32")

type Convolution = Node<"Conv2D" | "Conv2DInputGradient" | "Conv2DFilterGradient">
type ImageSide = "image" | "output"

/** Writes the convolutions of one list of values, with what they share. */
export class Spectra {
  readonly #graph: TensorFlowGraph
  /** Filters and outputs' gradients that the gradient of an input is computed from. */
  readonly #shared: ReadonlySet<Value>
  readonly #made = new Map<string, Name>()

  constructor(graph: TensorFlowGraph, values: ReadonlyArray<Value>) {
    this.#graph = graph
    this.#shared = new Set(values.flatMap(({ inputs, op }) => (op === "Conv2DInputGradient" ? inputs : [])))
  }

  /** Whether this form is the faster one: the more so where the input's gradient shares operands with the two others. */
  takes({ attributes, inputs }: Convolution): boolean {
    return paysInSpectra(
      attributes.window,
      inputs.some((input) => this.#shared.has(input)),
    )
  }

  /** [examples, rows, columns, channels], without bias. */
  convolution(window: Window, x: Name, filter: Name): Name {
    const plan = planOf(window)
    const filters = this.#filterSpectrum(window, plan, filter)
    const parts = this.#overSlices(window, plan, [[x, "image"]], ([images], examples) =>
      this.#image(plan, plan.output, this.#product(images, filters), examples, window.outChannels),
    )
    return this.#joined(parts)
  }

  inputGradient(window: Window, dy: Name, filter: Name): Name {
    const plan = planOf(window)
    const filters = this.#filterSpectrum(window, plan, filter)
    const parts = this.#overSlices(window, plan, [[dy, "output"]], ([gradients], examples) =>
      this.#image(plan, plan.image, this.#product(gradients, filters, "adj_y"), examples, window.inChannels),
    )
    return this.#joined(parts)
  }

  filterGradient(window: Window, x: Name, dy: Name): Name {
    const { height, inChannels, outChannels, width } = window
    const plan = planOf(window)
    const images = [
      [x, "image"],
      [dy, "output"],
    ] as const
    const parts = this.#overSlices(window, plan, images, ([values, gradients]) =>
      this.#synthesize(
        plan,
        plan.filter,
        this.#product(values, gradients, "adj_x"),
        inChannels * outChannels,
      ),
    )
    const sum = parts.length === 1 ? parts[0] : this.#graph.op("AddN", parts, { T, N: { i: parts.length } })
    return this.#reshape(sum, [height, width, inChannels, outChannels])
  }

  #reshape(x: Name, shape: Shape): Name {
    return this.#graph.op("Reshape", [x, this.#graph.integers(shape)], { T, Tshape: index })
  }

  /** [a, b, c] -> [b, a, c]: with three axes, TensorFlow's own kernel, faster than oneDNN's with four. */
  #swap(x: Name, shape: Shape): Name {
    const inputs = [this.#reshape(x, shape), this.#graph.integers([1, 0, 2])]
    return this.#graph.op("Transpose", inputs, { T, Tperm: index })
  }

  #matrix(matrix: Matrix): Name {
    const shape = [matrix.length, matrix[0].length]
    return this.#graph.constant(Float32Array.from(matrix.flat()), shape, "float32")
  }

  /** At every position, one operand transposed where it says so. */
  #product(a: Name, b: Name, which?: "adj_x" | "adj_y"): Name {
    const adjoint = { adj_x: { b: which === "adj_x" }, adj_y: { b: which === "adj_y" } }
    return this.#graph.op("BatchMatMulV2", [a, b], { T, ...adjoint })
  }

  /** [rows, columns, rest] -> [positions, rest] */
  #analyze(plan: Plan, side: Side, x: Name, rest: number): Name {
    const { columns, rows } = side
    const flat = this.#reshape(x, [rows.length, columns.length * rest])
    const down = this.#graph.op("MatMul", [this.#matrix(downMatrix(plan, side)), flat], { T })
    const complex = this.#reshape(down, [plan.height / 2, 2 * columns.length, rest])
    return this.#product(this.#matrix(acrossMatrix(plan, side)), complex)
  }

  /** The adjoint: [positions, rest] -> [rows, columns · rest] */
  #synthesize(plan: Plan, side: Side, spectrum: Name, rest: number): Name {
    const parts = this.#reshape(spectrum, [plan.height / 2, 3 * plan.width, rest])
    const complex = this.#product(this.#matrix(transposed(acrossMatrix(plan, side))), parts)
    const flat = this.#reshape(complex, [plan.height, side.columns.length * rest])
    return this.#graph.op("MatMul", [this.#matrix(transposed(downMatrix(plan, side))), flat], { T })
  }

  /** [examples, rows, columns, channels] -> [positions, examples, channels] */
  #imageSpectrum(plan: Plan, side: Side, image: Name, examples: number, channels: number): Name {
    const pixelsFirst = this.#swap(image, [examples, side.rows.length * side.columns.length, channels])
    const spectrum = this.#analyze(plan, side, pixelsFirst, examples * channels)
    return this.#reshape(spectrum, [plan.positions, examples, channels])
  }

  /** [positions, examples, channels] -> [examples, rows, columns, channels] */
  #image(plan: Plan, side: Side, spectrum: Name, examples: number, channels: number): Name {
    const [rows, columns] = [side.rows.length, side.columns.length]
    const image = this.#synthesize(plan, side, spectrum, examples * channels)
    const examplesFirst = this.#swap(image, [rows * columns, examples, channels])
    return this.#reshape(examplesFirst, [examples, rows, columns, channels])
  }

  /** [positions, in, out] */
  #filterSpectrum(window: Window, plan: Plan, filter: Name): Name {
    const { inChannels, outChannels } = window
    return this.#once(`${filter} filter ${JSON.stringify(window)}`, () =>
      this.#reshape(this.#analyze(plan, plan.filter, filter, inChannels * outChannels), [
        plan.positions,
        inChannels,
        outChannels,
      ]),
    )
  }

  #once(key: string, make: () => Name): Name {
    const name = this.#made.get(key) ?? make()
    this.#made.set(key, name)
    return name
  }

  /** What `make` computes of the spectra of images, slice by slice of the batch. */
  #overSlices(
    window: Window,
    plan: Plan,
    images: ReadonlyArray<readonly [Name, ImageSide]>,
    make: (spectra: ReadonlyArray<Name>, examples: number) => Name,
  ): ReadonlyArray<Name> {
    const slices = slicesOf(window, plan)
    const examples = window.batch / slices
    const channels = { image: window.inChannels, output: window.outChannels }
    const spectrumOf = (image: Name, side: ImageSide) =>
      this.#imageSpectrum(plan, plan[side], image, examples, channels[side])
    if (slices === 1) {
      const spectra = images.map(([image, side]) =>
        this.#once(`${image} ${side} ${JSON.stringify(window)}`, () => spectrumOf(image, side)),
      )
      return [make(spectra, examples)]
    }
    const made: Array<Name> = []
    for (let slice = 0; slice < slices; slice++) {
      const before = made.slice(-1).map(after)
      const spectra = images.map(([image, side]) => {
        const begin = this.#graph.integers([slice * examples, 0, 0, 0])
        const { columns, rows } = plan[side]
        const size = this.#graph.integers([examples, rows.length, columns.length, channels[side]])
        const part = this.#graph.op("Slice", [image, begin, size, ...before], { T, Index: index })
        return spectrumOf(part, side)
      })
      made.push(make(spectra, examples))
    }
    return made
  }

  #joined(parts: ReadonlyArray<Name>): Name {
    if (parts.length === 1) return parts[0]
    const inputs = [...parts, this.#graph.filled(0, [], "int32")]
    return this.#graph.op("ConcatV2", inputs, { T, N: { i: parts.length }, Tidx: index })
  }
}
