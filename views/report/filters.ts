/**
 * Filters of the first layer: (weights, network) -> one image with the filters side by side, or null if they cannot be drawn.
 *
 * The first layer with a kernel reads an image: a convolution's kernel is [height, width, channels, filters]; a dense layer's
 * is [height · width · channels, units], with one weight per pixel and unit. With one channel, opacity shows the size of a
 * weight and colour its sign, so 0 is the page's background in light and dark mode. With three channels, the weights are the
 * colours and gray is 0.
 */
import { Effect } from "effect"
import type { State } from "../../engines/Engine.ts"
import type { Model } from "../../schemas/experiment/Model.ts"
import type { Report } from "../../schemas/Report.ts"
import { averageName } from "../../stages/model/averageName.ts"
import { encodePng } from "../../stages/preprocess/png.ts"

const maxFilters = 64
/** Filters per row. */
const columns = 8
/** Minimum width of a filter in CSS pixels. */
const shownSize = 36

/** Blue for negative weights, orange for positive ones: safe for red-green colour blindness. */
const negative = [0x1f, 0x66, 0xb1] as const
const positive = [0xd9, 0x6a, 0x1c] as const

export interface FilterSheet {
  readonly png: Uint8Array
  readonly layer: string
  readonly count: number
  readonly shown: number
  readonly size: readonly [height: number, width: number, channels: number]
  /** In CSS pixels. */
  readonly width: number
  readonly height: number
  /** The largest absolute value of a weight. */
  readonly largest: number
  /** One entry per filter shown. */
  readonly statistics: ReadonlyArray<{
    readonly min: number
    readonly max: number
    readonly norm: number
  }>
}

interface Kernel {
  readonly layer: string
  readonly size: readonly [number, number, number]
  readonly count: number
  /** [height · width · channels, filters] */
  readonly weights: Float32Array
}

type Layers = Report["layers"]

/** The shape of the image that a layer reads, flattened or not. */
const imageBefore = (layers: Layers, at: number, imageShape: ReadonlyArray<number>) =>
  layers.slice(0, at).findLast(({ output }) => output.length === 3)?.output ?? imageShape

const firstKernel = (
  state: State,
  model: Model,
  layers: Layers,
  imageShape: ReadonlyArray<number>,
): Kernel | null => {
  const at = model.findIndex(({ kind }) => kind === "conv2d" || kind === "dense")
  const name = `${layers[at]?.name}/kernel`
  // If weights are averaged, the averages are what was tested.
  const kernel =
    state.find((variable) => variable.name === averageName(name)) ??
    state.find((variable) => variable.name === name)
  if (kernel === undefined) return null
  const shape = model[at].kind === "conv2d" ? kernel.shape.slice(0, 3) : imageBefore(layers, at, imageShape)
  const [height, width, channels] = shape
  const count = kernel.shape.at(-1) ?? 0
  if (height * width * channels * count !== kernel.data.length) return null
  return { layer: layers[at].name, size: [height, width, channels], count, weights: kernel.data }
}

/** RGBA pixels of a grid of filters, one transparent pixel apart. */
const paint = (
  { count, size: [height, width, channels], weights }: Kernel,
  shown: number,
  largest: number,
) => {
  const across = Math.min(columns, shown)
  const rows = Math.ceil(shown / across)
  const sheet = { width: across * (width + 1) - 1, height: rows * (height + 1) - 1, channels: 4 as const }
  const pixels = new Uint8Array(sheet.width * sheet.height * 4)
  for (let filter = 0; filter < shown; filter++) {
    const left = (filter % across) * (width + 1)
    const top = Math.floor(filter / across) * (height + 1)
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const to = ((top + y) * sheet.width + left + x) * 4
        const weight = (channel: number) =>
          weights[((y * width + x) * channels + channel) * count + filter] / largest
        if (channels === 1) {
          pixels.set(weight(0) < 0 ? negative : positive, to)
          pixels[to + 3] = Math.round(255 * Math.abs(weight(0)))
        } else {
          for (let channel = 0; channel < 3; channel++)
            pixels[to + channel] = Math.round(127.5 + 127.5 * weight(channel))
          pixels[to + 3] = 255
        }
      }
    }
  }
  return { pixels, sheet }
}

const statisticsOf = ({ count, weights }: Kernel, filter: number) => {
  let [min, max, squares] = [Infinity, -Infinity, 0]
  for (let i = filter; i < weights.length; i += count) {
    min = Math.min(min, weights[i])
    max = Math.max(max, weights[i])
    squares += weights[i] ** 2
  }
  return { min, max, norm: Math.sqrt(squares) }
}

export const filterSheet = Effect.fnUntraced(function* (options: {
  readonly state: State
  readonly model: Model
  readonly layers: Layers
  readonly imageShape: ReadonlyArray<number>
}) {
  const kernel = firstKernel(options.state, options.model, options.layers, options.imageShape)
  // A single pixel, or a number of channels without colours, cannot be drawn.
  if (kernel === null || ![1, 3].includes(kernel.size[2]) || kernel.size[0] * kernel.size[1] < 2) return null
  const shown = Math.min(kernel.count, maxFilters)
  const statistics = Array.from({ length: shown }, (_, filter) => statisticsOf(kernel, filter))
  const largest = Math.max(...statistics.map(({ max, min }) => Math.max(Math.abs(min), Math.abs(max)))) || 1
  const { pixels, sheet } = paint(kernel, shown, largest)
  const scale = Math.max(1, Math.round(Math.max(shownSize, kernel.size[1] * 2) / kernel.size[1]))
  const drawn: FilterSheet = {
    png: yield* encodePng(pixels, sheet),
    layer: kernel.layer,
    count: kernel.count,
    shown,
    size: kernel.size,
    width: sheet.width * scale,
    height: sheet.height * scale,
    largest,
    statistics,
  }
  return drawn
})
